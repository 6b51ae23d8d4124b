// Emission: calls of kernels become dispatches, in order. Which kernels run on which values, fusion has decided.
import type { AnyKernel } from '@hybridmed/kernels';
import type { Tunable } from '../tuning/tuner.ts';
import type { KernelCall, KernelCalls, KernelChoice } from './calls.ts';
import { arraysOf, unplaced } from './calls.ts';
import type { Placeholders } from './packing.ts';
import type { PlannedDispatch, Value } from './values.ts';

/** What runs, before memory is planned. */
export interface Emitted {
  readonly dispatches: readonly PlannedDispatch[];
  /** Those among them that are written anew once memory is planned, in order. */
  readonly placeholders: readonly Placeholders[];
  /** Problems of which a kernel has several variants. */
  readonly tunables: readonly Tunable[];
}

/** A problem's dispatches on its arrays, whose values come in their order. */
function dispatchesOf(kernel: AnyKernel, problem: unknown, values: readonly Value[], choice: KernelChoice): PlannedDispatch[] {
  const { inputs, outputs, temporaries = [] } = arraysOf(kernel, problem, choice);
  const valueOf = new Map([...inputs, ...outputs, ...temporaries].map(({ name }, i) => [name, values[i]!]));
  const planned = kernel.dispatches(problem, choice.capabilities, choice.variantFor(kernel, problem));
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

/** A call's dispatches, and what stands for them until memory is planned where it reads many tensors. */
function emitCall(call: KernelCall, calls: KernelCalls, choice: KernelChoice) {
  const { kernel, tensors, on, outputs } = call;
  const { problem, inputs } = unplaced(call);
  const temporaries = (arraysOf(kernel, problem, choice).temporaries ?? []).map(({ type, length }) => calls.create(type, length));
  const dispatches = dispatchesOf(kernel, problem, [...inputs, ...outputs, ...temporaries], choice);
  if (!tensors) return { problem, dispatches };
  const placed: Placeholders['on'] = (sources) => {
    const { problem: packed, inputs: arrays } = on(sources);
    return dispatchesOf(kernel, packed, [...arrays, ...outputs, ...temporaries], choice);
  };
  return { problem, dispatches, placed: { tensors, on: placed } };
}

/** The dispatches of calls. */
export function emit(calls: KernelCalls, choice: KernelChoice): Emitted {
  const dispatches: PlannedDispatch[] = [];
  const placeholders: Placeholders[] = [];
  const tunables: Tunable[] = [];
  for (const call of calls.list) {
    const { kernel } = call;
    const { problem, dispatches: planned, placed } = emitCall(call, calls, choice);
    if (placed) placeholders.push({ first: dispatches.length, count: planned.length, ...placed });
    else if (planned.length > 0 && (kernel.variants?.names(problem, choice.capabilities).length ?? 0) > 1)
      tunables.push({ kernel, problem, flops: kernel.cost(problem).flops });
    dispatches.push(...planned);
  }
  return { dispatches, placeholders, tunables };
}
