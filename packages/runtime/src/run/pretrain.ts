// Pre-training from a configuration into a run's folder, which can be resumed at any moment.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDataSet } from '@hybridmed/data';
import type { TrainerState } from '@hybridmed/training';
import { checkPrecision, checkWork, trainStages } from '@hybridmed/training';
import { dataSelection } from '@hybridmed/training/settings';
import { checkpointFolder } from '../checkpoint/checkpoint-folder.ts';
import { checkFolderPath, fileError } from '../files.ts';
import type { PretrainOptions } from './open-run.ts';
import { openRun } from './open-run.ts';
import { checkSameRun } from './run-folder.ts';
import { lockRun } from './run-lock.ts';

/** A finished run. */
export interface PretrainResult {
  readonly out: string;
  /** The best stage-2 checkpoint (stage 1's when stage 2 has no steps). */
  readonly checkpoint: string;
  readonly stages: readonly TrainerState[];
}

/**
 * Pre-trains. Throws one line for bad data, bad settings, a device of another precision, a folder that already holds a run (unless
 * resuming), or one in which another process trains.
 */
export async function pretrain(options: PretrainOptions): Promise<PretrainResult> {
  const unlock = await lockRun(options.out);
  try {
    return await pretrainLocked(options);
  } finally {
    await unlock();
  }
}

async function pretrainLocked(options: PretrainOptions): Promise<PretrainResult> {
  const { config, out, device, resume = false, events = {} } = options;
  checkPrecision(config, device);
  if (existsSync(join(out, 'run.json'))) {
    if (!resume) throw fileError(out, 'already holds a run', 'continue it with --resume or name another --out');
    await checkSameRun(out, config);
  }
  checkFolderPath(out);
  checkWork(config);
  const run = await openRun(options, await openDataSet(config.data, dataSelection(config)));
  try {
    const stages = await trainStages(run);
    events.onMessage?.(`finished: ${out}`);
    return { out, checkpoint: checkpointFolder(out, stages.at(-1)?.stage ?? 1, 'best'), stages };
  } finally {
    await Promise.all([run.train.close(), run.validation.close()]);
  }
}
