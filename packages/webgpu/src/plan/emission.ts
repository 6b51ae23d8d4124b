// Emission: kernels on values become dispatches of the plan, in order. What a value is, and when it is computed, others decide.
import type { AnyKernel, Capabilities, ElementType, Kernel, KernelArrays } from '@hybridmed/kernels';
import type { Tunable } from '../tuning/tuner.ts';
import type { PackedRun, Placeholders, Sources } from './packing.ts';
import { unpacked } from './packing.ts';
import type { PlannedDispatch, Value } from './values.ts';

/** What decides how kernels compute: what the adapter can do, and the variants chosen for it. */
export interface KernelChoice {
  readonly capabilities: Capabilities;
  /** The variant that a problem takes; undefined for the rule's. */
  variantFor(kernel: AnyKernel, problem: unknown): string | undefined;
}

/** The dispatches of a plan as they come to be. */
export class Emission {
  readonly dispatches: PlannedDispatch[] = [];
  /** Those among them that are written anew once memory is planned, in order. */
  readonly placeholders: Placeholders[] = [];
  /** Problems of which a kernel has several variants. */
  readonly tunables: Tunable[] = [];
  readonly #choice: KernelChoice;
  #nextId = 0;

  constructor(choice: KernelChoice) {
    this.#choice = choice;
  }

  /** A new dense array. */
  create(type: ElementType, length: number, home: Value['home'] = { kind: 'arena' }): Value {
    return { id: this.#nextId++, type, length, home };
  }

  /** Adds a kernel's dispatches on its inputs, and gives its outputs: new values unless they are given. */
  run<P>(kernel: Kernel<P>, problem: NoInfer<P>, inputs: readonly Value[], outputs?: readonly Value[]): Value[] {
    const arrays = this.#arraysOf(kernel, problem);
    const { results, temporaries } = this.#valuesOf(kernel, arrays, inputs, outputs);
    const planned = this.#dispatchesOf(kernel, problem, arrays, [...inputs, ...results, ...temporaries]);
    if (planned.length > 0 && (kernel.variants?.names(problem, this.#choice.capabilities).length ?? 0) > 1)
      this.tunables.push({ kernel: kernel as AnyKernel, problem, flops: kernel.cost(problem).flops });
    this.dispatches.push(...planned);
    return [...results];
  }

  /**
   * Adds the dispatches of a kernel that reads many tensors: few arrays hold them all once memory is planned. Inputs are `before`, these arrays,
   * `after`.
   */
  runPacked<P>(kernel: Kernel<P>, { problemOf, before = [], tensors, after = [], outputs }: PackedRun<P>): Value[] {
    const problemOn = (sources: Sources) =>
      problemOf(
        sources.arrays.map(({ length }) => length),
        sources.parts,
      );
    const each = unpacked(tensors);
    const { results, temporaries } = this.#valuesOf(kernel, this.#arraysOf(kernel, problemOn(each)), [...before, ...tensors, ...after], outputs);
    const on = (sources: Sources) => {
      const problem = problemOn(sources);
      const values = [...before, ...sources.arrays, ...after, ...results, ...temporaries];
      return this.#dispatchesOf(kernel, problem, this.#arraysOf(kernel, problem), values);
    };
    const placeholders = on(each);
    this.placeholders.push({ first: this.dispatches.length, count: placeholders.length, tensors, on });
    this.dispatches.push(...placeholders);
    return [...results];
  }

  #arraysOf<P>(kernel: Kernel<P>, problem: P): KernelArrays {
    return kernel.arrays(problem, this.#choice.capabilities, this.#choice.variantFor(kernel as AnyKernel, problem));
  }

  /** A problem's outputs, new values unless they are given, and its temporaries. */
  #valuesOf<P>(
    kernel: Kernel<P>,
    { inputs: specs, outputs: outputSpecs, temporaries = [] }: KernelArrays,
    inputs: readonly Value[],
    outputs?: readonly Value[],
  ) {
    const results = outputs ?? outputSpecs.map(({ type, length }) => this.create(type, length));
    const values = [...inputs, ...results];
    const wrong = [...specs, ...outputSpecs].findIndex(({ type }, i) => type !== values[i]!.type);
    if (wrong >= 0) throw new Error(`${kernel.name}: array ${wrong} is stored as ${values[wrong]!.type}`);
    return { results, temporaries: temporaries.map(({ type, length }) => this.create(type, length)) };
  }

  /** A problem's dispatches on its arrays, whose values come in their order. */
  #dispatchesOf<P>(kernel: Kernel<P>, problem: P, { inputs, outputs, temporaries = [] }: KernelArrays, values: readonly Value[]): PlannedDispatch[] {
    const valueOf = new Map([...inputs, ...outputs, ...temporaries].map(({ name }, i) => [name, values[i]!]));
    const planned = kernel.dispatches(problem, this.#choice.capabilities, this.#choice.variantFor(kernel as AnyKernel, problem));
    const { flops, bytes } = kernel.cost(problem);
    return planned.map(({ label, code, parameters, reads, writes, workgroups, clears = false }) => ({
      label,
      code,
      parameters,
      values: [...reads, ...writes].map((name) => valueOf.get(name)!),
      writes: writes.map((_, i) => reads.length + i),
      workgroups,
      clears,
      flops: flops / planned.length,
      bytes: bytes / planned.length,
    }));
  }
}
