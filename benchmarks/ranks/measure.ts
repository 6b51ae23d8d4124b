// What a step's time over many processes is made of, of two ranks here: the inputs of the model in docs/clusters.md, and how well it predicts.
import { fileURLToPath } from 'node:url';
import { collectiveMs } from '@hybridmed/ranks';
import { run } from '../../packages/ranks/test/support/mpis.ts';
import { mpis } from './rank-runs.ts';

/** Times of one rank in milliseconds: medians of steps of `small`, 16 studies a pass, one thread. */
export interface RankTimes {
  /** Of all gradients, all at once, and of changing them where they lie. */
  readonly allReduceMs: number;
  readonly exchangeMs: number;
  /** Bytes of the gradients in millions. */
  readonly megabytes: number;
  /** A step; of it in collectives once all ranks had come, and waiting until they had; and CPU time of this process. */
  readonly stepMs: number;
  readonly netMs: number;
  readonly waitedMs: number;
  readonly cpuMs: number;
  /** Collectives of a step, and bytes that each rank gives to them. */
  readonly calls: number;
  readonly bytes: number;
  /** How much more memory the process has after the steps. */
  readonly grownMiB: number;
}

interface RankLine {
  readonly rank: number;
  readonly near: RankTimes;
  readonly far: Omit<RankTimes, 'allReduceMs' | 'exchangeMs' | 'megabytes'>;
}

/** 10 Gigabit Ethernet as it is measured by users of MPI: 25 us, 1.1 GB/s. */
export const ethernet = { latencyMs: 0.025, bytesPerSecond: 1.1e9 };

/** What two ranks measured; `predictedMs` is the step without a network and the ring's time for the gradients [see `collectiveMs`]. */
export interface RanksMeasurement {
  readonly suite: 'ranks';
  readonly mpi: string;
  readonly near: RankTimes;
  readonly far: RankLine['far'];
  /** Share of the step's CPU time that is spent in collectives, net of waiting. */
  readonly collectiveShare: number;
  readonly network: typeof ethernet;
  readonly predictedMs: number;
}

const script = fileURLToPath(new URL('step-rank.ts', import.meta.url));

/** Measures two ranks; throws where no MPI is here, or the job fails. */
export async function measureRanks(log: (line: string) => void, steps = 20): Promise<RanksMeasurement> {
  const [mpi] = mpis;
  if (!mpi) throw new Error('no MPI is installed: apt-get install openmpi-bin');
  log(`two ranks under ${mpi.name}, ${steps} steps near and ${steps} far`);
  const { code, lines, errors } = await run(mpi, 2, JSON.stringify({ steps, network: ethernet }), { script, timeoutMs: 120_000, mostSeconds: 1800 });
  const first = (lines as unknown as RankLine[]).find(({ rank }) => rank === 0);
  if (code !== 0 || !first) throw new Error(`the job ended with ${code}: ${errors.trim().split('\n').at(-1) ?? ''}`);
  const { near, far } = first;
  const predictedMs = near.stepMs + collectiveMs('allReduce', near.megabytes * 1e6, 2, ethernet);
  return { suite: 'ranks', mpi: mpi.name, near, far, collectiveShare: near.netMs / near.cpuMs, network: ethernet, predictedMs };
}
