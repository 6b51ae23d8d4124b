// Times the variants of one problem on scratch buffers, until a deadline, and says which is the fastest beyond noise.
/// <reference types="@webgpu/types" />
import type { AnyKernel, ArraySpec, Capabilities, Numbers } from '@hybridmed/kernels';
import type { PreparedKernel } from '../device/run-kernel.ts';
import { prepareKernel } from '../device/run-kernel.ts';
import type { Deadline } from './tuner.ts';

/** A variant and milliseconds of one run, several times. */
export interface Timed {
  readonly name: string;
  readonly samples: readonly number[];
}

/** Another variant than the first must take at most this fraction of the first's fastest sample: less is noise. */
const margin = 0.9;

const median = (samples: readonly number[]): number => samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)]!;

/** The name to take, where the first is the rule's: another only if its median is well below the first's fastest sample. */
export function fastest([first, ...others]: readonly [Timed, ...Timed[]]): string {
  const best = others.toSorted((a, b) => median(a.samples) - median(b.samples))[0];
  return best && median(best.samples) <= margin * Math.min(...first.samples) ? best.name : first.name;
}

/** Milliseconds that a first variant is thought to take, compiled and timed, before any is known. */
const firstGuess = 300;

const noise = Float32Array.from({ length: 4096 }, (_, i) => (Math.sin((i + 1) * 12.9898) * 43758.5453) % 1);

/** An input of a scratch problem: noise, since some adapters are faster on zeros; indices of row 0. */
function inputOf({ type, length }: ArraySpec): Numbers {
  if (type === 'i32') return new Int32Array(length);
  const data = new Float32Array(length);
  for (let at = 0; at < length; at += noise.length) data.set(noise.subarray(0, Math.min(noise.length, length - at)), at);
  return data;
}

/** A few samples, in all about as long as it takes to tell a tenth. */
async function sample(prepared: PreparedKernel): Promise<number[]> {
  const warm = await prepared.time(1);
  const times = Math.max(1, Math.min(64, Math.floor(4 / Math.max(warm, 0.01))));
  const samples: number[] = [];
  for (const count = warm > 100 ? 2 : 4; samples.length < count;) samples.push((await prepared.time(times)) / times);
  return samples;
}

/** Puts a variant on the GPU; undefined where it does not fit there. Memory that runs out is the scratch buffers' problem alone. */
async function prepare(gpu: GPUDevice, kernel: AnyKernel, problem: unknown, inputs: readonly Numbers[], variant: string): Promise<PreparedKernel | undefined> {
  gpu.pushErrorScope('out-of-memory');
  const preparing = prepareKernel(gpu, kernel, problem, inputs, { variant }).catch(() => undefined);
  const failed = await gpu.popErrorScope();
  const prepared = await preparing;
  if (failed) prepared?.release();
  return failed ? undefined : prepared;
}

/** The result of some work, or undefined at the deadline; `late` gets what comes after it. */
async function before<T>(work: Promise<T>, { until, now }: Deadline, late: (result: T) => void): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), Math.max(0, until - now()));
  });
  const result = await Promise.race([work.then((value) => ({ value })), end]);
  clearTimeout(timer);
  if (result !== 'late') return result.value;
  work.then(late, () => undefined);
  return undefined;
}

/** Names of the variants that differ for a problem, in order. */
function distinct({ variants, dispatches }: AnyKernel, problem: unknown, capabilities: Capabilities): string[] {
  const keys = new Set<string>();
  return variants!.names(problem, capabilities).filter((name) => {
    const key = JSON.stringify(dispatches(problem, capabilities, name).map(({ code, workgroups, parameters }) => [code, workgroups, [...parameters]]));
    return !keys.has(key) && keys.add(key);
  });
}

/**
 * The fastest variant of a problem by measurement; null where the deadline or the adapter allowed none to be compared with the rule's.
 * No variant is started that is not likely to be done by the deadline; one that is not done then is left behind.
 */
export async function measureVariants(
  gpu: GPUDevice,
  kernel: AnyKernel,
  problem: unknown,
  capabilities: Capabilities,
  deadline: Deadline,
): Promise<string | null> {
  const inputs = kernel.arrays(problem).inputs.map(inputOf);
  const timed: Timed[] = [];
  let longest = firstGuess;
  for (const name of distinct(kernel, problem, capabilities)) {
    const start = deadline.now();
    if (start + 1.25 * longest > deadline.until) break;
    const work = prepare(gpu, kernel, problem, inputs, name).then(async (prepared) => {
      if (!prepared) return undefined;
      try {
        return await sample(prepared);
      } finally {
        prepared.release();
      }
    });
    const samples = await before(work, deadline, () => undefined);
    longest = Math.max(timed.length === 0 ? 0 : longest, deadline.now() - start);
    if (samples) timed.push({ name, samples });
    else if (timed.length === 0) return null;
  }
  const [first, ...others] = timed;
  return first && others.length > 0 ? fastest([first, ...others]) : null;
}
