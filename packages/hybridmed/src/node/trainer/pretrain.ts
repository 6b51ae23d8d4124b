// Pre-training from a configuration: data, vocabulary, model, both stages, into a run's folder that can be resumed at any moment.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDataSet } from '@hybridmed/data';
import { HybridmedError } from '@hybridmed/tensor';
import { checkpointFolder } from '../checkpoint/checkpoint.ts';
import type { TrainerState } from '../checkpoint/checkpoint.ts';
import { checkFolderPath, fileError } from '../files.ts';
import type { RunConfig } from '../run/config.ts';
import { dataSelection } from '../run/config.ts';
import { checkSameRun } from '../run/folder.ts';
import { holdRun } from '../run/lock.ts';
import type { PretrainOptions } from './prepare.ts';
import { prepareRun } from './prepare.ts';
import { trainStage } from './train-stage.ts';

/** What a run leaves. */
export interface PretrainResult {
  readonly out: string;
  /** The best stage-2 checkpoint (stage 1's when stage 2 has no steps). */
  readonly checkpoint: string;
  readonly stages: readonly TrainerState[];
}

/** Throws one line where the settings leave no stage, or a second stage without a loss. */
function checkWork({ epochs, stage1, cg, cl, sum, cap, dis }: RunConfig): void {
  if (epochs[1] === 0 && (epochs[0] === 0 || stage1 !== true)) throw new HybridmedError('"epochs" leaves no stage to train; give --epochs A,B');
  if (epochs[1] > 0 && cg + cl + sum + cap + dis === 0)
    throw new HybridmedError('every loss of stage 2 has weight 0; keep one of cg, cl, sum, cap, dis, or give stage 2 no epochs (--epochs A,0)');
}

/**
 * Pre-trains. Throws one line for bad data, bad settings, a device of another precision, a folder that already holds a run (unless
 * resuming), or one in which another process trains.
 */
export async function pretrain(options: PretrainOptions): Promise<PretrainResult> {
  const release = await holdRun(options.out);
  try {
    return await pretrainHeld(options);
  } finally {
    await release();
  }
}

async function pretrainHeld(options: PretrainOptions): Promise<PretrainResult> {
  const { config, out, device, resume = false, events = {} } = options;
  const { precision = 'f32' } = device.info;
  if (precision !== config.precision)
    throw new HybridmedError(`the run is of precision "${config.precision}", the device computes in "${precision}"; open it with the run's precision`);
  if (existsSync(join(out, 'run.json'))) {
    if (!resume) throw fileError(out, 'already holds a run', 'continue it with --resume or name another --out');
    await checkSameRun(out, config);
  }
  checkFolderPath(out);
  checkWork(config);
  const data = await openDataSet(config.data, dataSelection(config));
  const run = await prepareRun(options, data);
  try {
    const stages: TrainerState[] = [];
    if (config.stage1 === true && config.epochs[0] > 0) stages.push(await trainStage(run, 1));
    if (config.epochs[1] > 0) stages.push(await trainStage(run, 2));
    events.onMessage?.(`finished: ${out}`);
    const last = stages.at(-1)?.stage ?? 1;
    return { out, checkpoint: checkpointFolder(out, last, 'best'), stages };
  } finally {
    await Promise.all([run.train.close(), run.validation.close()]);
  }
}
