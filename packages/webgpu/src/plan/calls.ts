// What fusion gives: kernels called on values, in order. Dispatches come of them later, in emission.
import type { AnyKernel, Capabilities, ElementType, Kernel, KernelArrays } from '@hybridmed/kernels';
import type { PackedRun, Sources } from './packing.ts';
import { unpacked } from './packing.ts';
import type { Value } from './values.ts';

/** What decides how kernels compute: what the adapter can do, and the variants chosen for it. */
export interface KernelChoice {
  readonly capabilities: Capabilities;
  /** The variant that a problem takes; undefined for the rule's. */
  variantFor(kernel: AnyKernel, problem: unknown): string | undefined;
}

/** A kernel on values. Of one that reads many tensors, the problem and the values follow from where those lie (`on`). */
export interface KernelCall {
  readonly kernel: AnyKernel;
  readonly on: (sources: Sources) => { readonly problem: unknown; readonly inputs: readonly Value[] };
  /** The many tensors, where there are such. */
  readonly tensors?: readonly Value[];
  readonly outputs: readonly Value[];
}

const nowhere: Sources = { arrays: [], parts: [] };

/** The problem and the inputs of a call before memory is planned, when every tensor is an array of its own. */
export const unplaced = ({ on, tensors }: KernelCall): ReturnType<KernelCall['on']> => on(tensors ? unpacked(tensors) : nowhere);

/** A problem's arrays as the choice has them computed. */
export const arraysOf = (kernel: AnyKernel, problem: unknown, choice: KernelChoice): KernelArrays =>
  kernel.arrays(problem, choice.capabilities, choice.variantFor(kernel, problem));

/** The calls of a plan as they come to be, and the values that they make. */
export class KernelCalls {
  readonly list: KernelCall[] = [];
  readonly #choice: KernelChoice;
  #nextId = 0;

  constructor(choice: KernelChoice) {
    this.#choice = choice;
  }

  /** A new dense array. */
  create(type: ElementType, length: number, home: Value['home'] = { kind: 'arena' }): Value {
    return { id: this.#nextId++, type, length, home };
  }

  /** Calls a kernel on its inputs, and gives its outputs: new values unless they are given. */
  run<P>(kernel: Kernel<P>, problem: NoInfer<P>, inputs: readonly Value[], outputs?: readonly Value[]): Value[] {
    return this.#add({ kernel: kernel as AnyKernel, on: () => ({ problem, inputs }) }, outputs);
  }

  /** Calls a kernel that reads many tensors: few arrays hold them all once memory is planned. Inputs are `before`, these arrays, `after`. */
  runPacked<P>(kernel: Kernel<P>, { problemOf, before = [], tensors, after = [], outputs }: PackedRun<P>): Value[] {
    const on = ({ arrays, parts }: Sources) => ({
      problem: problemOf(
        arrays.map(({ length }) => length),
        parts,
      ),
      inputs: [...before, ...arrays, ...after],
    });
    return this.#add({ kernel: kernel as AnyKernel, on, tensors }, outputs);
  }

  #add(call: Omit<KernelCall, 'outputs'>, given?: readonly Value[]): Value[] {
    const { problem, inputs } = unplaced({ ...call, outputs: [] });
    const specs = arraysOf(call.kernel, problem, this.#choice);
    const outputs = given ?? specs.outputs.map(({ type, length }) => this.create(type, length));
    const values = [...inputs, ...outputs];
    const wrong = [...specs.inputs, ...specs.outputs].findIndex(({ type }, i) => type !== values[i]!.type);
    if (wrong >= 0) throw new Error(`${call.kernel.name}: array ${wrong} is stored as ${values[wrong]!.type}`);
    this.list.push({ ...call, outputs });
    return [...outputs];
  }
}
