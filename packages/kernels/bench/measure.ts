// Measures one case of a kernel on a GPU device: time, rates, and the error against the kernel's reference.
import type { AnyKernel, ArraySpec, KernelCase, Numbers } from '@hybridmed/kernels';
import { prepareKernel } from '@hybridmed/webgpu';

/** What one case gave. `error` is relative to the reference's greatest number; null where it was not asked for. */
export interface KernelRow {
  readonly suite: 'kernels';
  readonly kernel: string;
  readonly case: string;
  readonly pass: 'forward' | 'backward';
  readonly adapter: string;
  readonly engine: 'hybridmed';
  /** Milliseconds of one run: the median of several submissions. */
  readonly ms: number;
  readonly gflops: number;
  readonly gbps: number;
  readonly error: number | null;
  readonly bound: number;
  /** False where the error passes its bound: such a case is wrong, however fast. */
  readonly ok: boolean;
}

/** Numbers in [-1, 1) that look random and are the same everywhere, where the case gives none of its own. */
export function inputOf({ input }: KernelCase<unknown>, spec: ArraySpec, index: number): Numbers {
  const given = input?.(index, spec);
  if (given) return given;
  const noise = (i: number) => (Math.sin((i + 1) * 12.9898 + index * 78.233) * 43758.5453) % 1;
  return spec.type === 'i32'
    ? Int32Array.from({ length: spec.length }, (_, i) => (i * 31) % 7)
    : Float32Array.from({ length: spec.length }, (_, i) => noise(i));
}

/** The greatest difference over all outputs, each relative to its reference's greatest number. */
export function relativeError(ours: readonly Numbers[], theirs: readonly Numbers[]): number {
  let worst = 0;
  theirs.forEach((expected, output) => {
    let [difference, scale] = [ours[output]!.length === expected.length ? 0 : Infinity, 0];
    expected.forEach((value, i) => {
      const d = Math.abs(ours[output]![i]! - value);
      difference = Number.isNaN(d) ? Infinity : Math.max(difference, d);
      scale = Math.max(scale, Math.abs(value));
    });
    worst = Math.max(worst, difference === 0 ? 0 : difference / scale);
  });
  return worst;
}

/** Options of a measurement: the least time to measure, in milliseconds, and whether to compute the reference. */
export interface MeasureOptions {
  readonly adapter: string;
  readonly least?: number;
  readonly check?: boolean;
}

/** Measures a case: one run to warm up, then as many as fill `least` milliseconds, in three submissions. */
export async function measureCase(
  gpu: GPUDevice,
  kernel: AnyKernel,
  one: KernelCase<unknown>,
  { adapter, least = 200, check = true }: MeasureOptions,
): Promise<KernelRow> {
  const { problem, tolerance } = one;
  const inputs = kernel.arrays(problem).inputs.map((spec, index) => inputOf(one, spec, index));
  const prepared = await prepareKernel(gpu, kernel, problem, inputs);
  try {
    const outputs = await prepared.run();
    const error = check ? relativeError(outputs, kernel.reference(problem, inputs)) : null;
    const first = await prepared.time(1);
    const times = Math.max(1, Math.min(1000, Math.round(least / 3 / Math.max(first, 0.01))));
    // A case that takes long enough alone is measured once.
    const samples = first < 10 * least ? [] : [first];
    for (let missing = 3 - 3 * samples.length; missing > 0; missing--) samples.push((await prepared.time(times)) / times);
    const ms = samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)]!;
    const { flops, bytes } = kernel.cost(problem);
    return {
      suite: 'kernels',
      kernel: kernel.name,
      case: one.name,
      pass: kernel.pass(problem),
      adapter,
      engine: 'hybridmed',
      ms,
      gflops: flops / ms / 1e6,
      gbps: bytes / ms / 1e6,
      error,
      bound: tolerance,
      ok: error === null || error <= tolerance,
    };
  } finally {
    prepared.release();
  }
}
