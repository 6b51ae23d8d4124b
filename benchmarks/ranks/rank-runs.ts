// Runs of ranks that checks compare: the smallest model on phantoms, both stages, on one thread, as mpirun starts them or alone.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writePhantoms } from '@hybridmed/phantoms';
import { openDevice } from '@hybridmed/runtime/device';
import { pretrain } from '@hybridmed/runtime/run';
import type { RunOptions } from '@hybridmed/runtime/settings';
import { completeConfig } from '@hybridmed/runtime/settings';
import type { Job, Mpi } from '../../packages/ranks/test/support/mpis.ts';
import { mpis, start } from '../../packages/ranks/test/support/mpis.ts';
import type { RankPretrain } from '../../packages/runtime/test/support/rank-pretrain.ts';

export { hashes } from '../../packages/runtime/test/support/run-hashes.ts';
export { mpis };

const script = fileURLToPath(new URL('../../packages/runtime/test/support/rank-pretrain.ts', import.meta.url));

/** Options of a short run on phantoms that are made in the folder. */
export async function phantomRun(folder: string, options: Partial<RunOptions> = {}): Promise<RunOptions> {
  const set = join(folder, 'set');
  await writePhantoms(set, { studies: 60, size: 40 });
  return { data: `phantom:${set}`, preset: 'tiny', batch: 4, accumulate: 2, limit: 17, epochs: [1, 2], checkpointEvery: 1, ...options };
}

/** Starts a run as a job of ranks. */
export function startRun(size: number, run: RankPretrain, { mpi = mpis[0]!, timeoutMs = 120_000 }: { mpi?: Mpi; timeoutMs?: number } = {}): Job {
  return start(mpi, size, JSON.stringify(run), { script, timeoutMs, mostSeconds: 1800 });
}

/** The run of one process that no launcher started. */
export async function runAlone(options: RunOptions, out: string, resume = false): Promise<void> {
  const { device } = await openDevice('cpu', { threads: 1 });
  await pretrain({ config: completeConfig(options), out, device, workers: 0, resume });
  await device.close();
}
