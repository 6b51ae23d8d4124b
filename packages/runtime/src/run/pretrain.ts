// Pre-training from a configuration into a run's folder, which can be resumed at any moment.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDataSet } from '@hybridmed/data';
import { alone } from '@hybridmed/ranks';
import type { RunOutcome, TrainerState } from '@hybridmed/training';
import { checkPrecision, checkWork, trainStages, TrainingStoppedError } from '@hybridmed/training';
import { withoutImageParts } from '@hybridmed/training/settings';
import { checkpointFolder } from '../checkpoint/checkpoint-folder.ts';
import { checkFolderPath, fileError } from '../files.ts';
import { dataSelection } from '../settings/data-settings.ts';
import { changeableSettings } from '../settings/run-settings.ts';
import type { OpenRun, RunContext } from './open-run.ts';
import type { PretrainOptions } from './pretrain-options.ts';
import { openRun } from './open-run.ts';
import type { Change } from './provenance.ts';
import { pinSources } from './pinned-sources.ts';
import { checkSameRun, readRunConfig } from './run-folder.ts';
import type { RunHold } from './run-lock.ts';
import { holdRun } from './run-lock.ts';

/** What a run leaves. */
export interface PretrainResult {
  readonly out: string;
  /** The best stage-2 checkpoint (stage 1's when stage 2 has no steps). */
  readonly checkpoint: string;
  readonly stages: readonly TrainerState[];
}

/**
 * Pre-trains. Throws one line for bad data, bad settings, a device of another precision, a folder that already holds a run (unless
 * resuming), one in which another process trains, or ranks that were started unlike; a TrainingStoppedError where its signal is aborted.
 * Of several ranks the one that throws ends without `close`, and its launcher ends the others.
 */
export async function pretrain(given: PretrainOptions): Promise<PretrainResult> {
  const options = { ...given, config: withoutImageParts(given.config) };
  const { out, events, signal, waitForLock: wait = false, ranks = alone } = options;
  checkFolderPath(out);
  if (ranks.rank > 0) return pretrainHeld({ ...options, events: {} }, undefined);
  const hold = await holdRun(out, { wait, onWait: (text) => events?.onMessage?.(text), signal }).catch((error: unknown) => {
    throw signal?.aborted ? new TrainingStoppedError() : error;
  });
  try {
    return await pretrainHeld(options, hold);
  } finally {
    await hold.release();
  }
}

/** Opens a run; where it is asked to stop meanwhile, nobody waits for what is being opened. */
async function openUnlessStopped(options: PretrainOptions, context: RunContext): Promise<OpenRun> {
  const { config, signal } = options;
  const run = openDataSet(config.data, { ...dataSelection(config), onWarning: (line) => options.events?.onMessage?.(`warning: ${line}`) }).then((data) =>
    openRun(options, data, context),
  );
  if (!signal) return run;
  let stop = (): void => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(new TrainingStoppedError());
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([run, stopped]);
  } catch (error) {
    run.then(
      (opened) => opened.close('stopped'),
      () => undefined,
    );
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

const written = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));

async function pretrainHeld(given: PretrainOptions, hold: RunHold | undefined): Promise<PretrainResult> {
  const { out, device, resume = false, events = {}, ranks = alone } = given;
  checkPrecision(given.config, device);
  const holdsRun = existsSync(join(out, 'run.json'));
  if (hold && holdsRun && !resume) throw fileError(out, 'already holds a run', 'continue it with --resume or name another --out');
  const { config, hub } = await pinSources(given.config, async () => (holdsRun ? readRunConfig(out) : undefined), ranks);
  const options = { ...given, config };
  let changed: readonly Change[] = [];
  if (hold && holdsRun) {
    changed = await checkSameRun(out, config, changeableSettings);
    for (const { setting, from, to } of changed) events.onMessage?.(`"${setting}" was ${written(from)} and is ${written(to)} from here on`);
  }
  checkWork(config);
  const run = await openUnlessStopped(options, { changed, hold, hub });
  let outcome: RunOutcome = 'failed';
  try {
    const stages = await trainStages(run);
    outcome = 'finished';
    events.onMessage?.(`finished: ${out}`);
    return { out, checkpoint: checkpointFolder(out, stages.at(-1)?.stage ?? 1, 'best'), stages };
  } catch (error) {
    if (error instanceof TrainingStoppedError) outcome = 'stopped';
    throw error;
  } finally {
    await run.close(outcome);
  }
}
