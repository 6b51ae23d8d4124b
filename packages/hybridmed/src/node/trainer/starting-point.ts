// Where a stage begins: a resumed checkpoint, stage 1's best, or start values.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { initialize } from '@hybridmed/nn';
import type { HostArrays } from '@hybridmed/tensor';
import { teacherParameters } from '../../stages/graphs.ts';
import type { TrainerState } from '../checkpoint/checkpoint.ts';
import { checkpointFolder, loadCheckpoint, loadTrainerState } from '../checkpoint/checkpoint.ts';
import { checkParameters } from '../../checkpoint/checkpoint.ts';
import { recoverFolder } from '../files.ts';
import type { Run } from './prepare.ts';

const start = (stage: 1 | 2, metricsLines: number): TrainerState => ({
  stage,
  epoch: 0,
  stepInEpoch: 0,
  step: 0,
  best: null,
  epochsSinceBest: 0,
  finished: false,
  metricsLines,
});

/** What a stage begins with. */
export interface StartingPoint {
  readonly parameters: HostArrays;
  /** Moments of a stage that goes on. */
  readonly optimizer?: HostArrays;
  readonly trainer: TrainerState;
  /** Where the snapshot teacher's values come from. */
  readonly teacher: HostArrays;
}

/** Values of published checkpoints, and start values of everything else. */
async function startValues({ encoders, model, options }: Run): Promise<HostArrays> {
  const loaded = await encoders.load();
  const others = Object.fromEntries(Object.entries(model.parameters).filter(([name]) => !loaded[name]));
  return { ...initialize(others, options.config.seed), ...loaded };
}

/** Parameters a stage begins with: a resumed checkpoint's, stage 1's best, or start values. */
export async function startingPoint(run: Run, stage: 1 | 2): Promise<StartingPoint> {
  const { options } = run;
  const { config, out } = options;
  const stage1 = typeof config.stage1 === 'string' ? config.stage1 : config.stage1 ? out : null;
  const first = stage === 2 && stage1 !== null && existsSync(checkpointFolder(stage1, 1, 'best')) ? await stage1Parameters(stage1, run) : undefined;
  const last = checkpointFolder(out, stage, 'last');
  await recoverFolder(last);
  await recoverFolder(checkpointFolder(out, stage, 'best'));
  if (options.resume && existsSync(join(last, 'trainer.json'))) {
    const { parameters } = await loadCheckpoint(last, run.encoders.given);
    const { optimizer, trainer, tuning } = await loadTrainerState(last);
    // Before anything is compiled: the run goes on with the kernels that it began with, and so with the same bits.
    if (tuning !== undefined) options.device.choices?.restore(tuning);
    return { parameters, optimizer, trainer, teacher: first ?? (await startValues(run)) };
  }
  const initial = await startValues(run);
  const base = { ...initial, ...first };
  const before =
    stage === 2 && existsSync(join(checkpointFolder(out, 1, 'last'), 'trainer.json'))
      ? (await loadTrainerState(checkpointFolder(out, 1, 'last'))).trainer.metricsLines
      : 0;
  return { parameters: base, trainer: start(stage, before), teacher: first ?? initial };
}

/** What stage 1 of a run trained, of its best checkpoint, which holds everything. Throws one line where that is of another model. */
async function stage1Parameters(from: string, { model, encoders }: Run): Promise<HostArrays> {
  const folder = checkpointFolder(from, 1, 'best');
  const { parameters } = await loadCheckpoint(folder, encoders.given);
  const names = teacherParameters(model, 'snapshot');
  const part = <T>(of: Readonly<Record<string, T>>) => Object.fromEntries(names.flatMap((name) => (of[name] === undefined ? [] : [[name, of[name]]])));
  const kept = part(parameters);
  checkParameters(join(folder, 'model.safetensors'), kept, part(model.parameters));
  return kept;
}
