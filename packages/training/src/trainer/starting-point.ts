// What a stage begins with: a resumed checkpoint, stage 1's best, or start values.
import type { Model, Stage } from '@hybridmed/model';
import { checkParameters } from '@hybridmed/model';
import { teacherParameters } from '@hybridmed/model/graphs';
import { initialize } from '@hybridmed/nn';
import type { HostArrays } from '@hybridmed/tensor';
import type { Stage1Parameters } from '../contracts/run-store.ts';
import type { TrainerState } from '../contracts/trainer-state.ts';
import type { TrainingRun } from '../contracts/training-run.ts';

const initialState = (stage: Stage, metricsLines: number): TrainerState => ({
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
  /** Moments of a stage that is resumed. */
  readonly optimizer?: HostArrays;
  readonly trainer: TrainerState;
  /** Where the snapshot teacher's values come from. */
  readonly teacher: HostArrays;
}

/** Values of published encoders, and start values of everything else. */
async function startValues({ encoderValues, model, config }: TrainingRun): Promise<HostArrays> {
  const published = await encoderValues();
  const others = Object.fromEntries(Object.entries(model.parameters).filter(([name]) => !published[name]));
  return { ...initialize(others, config.seed), ...published };
}

/** What stage 1 trained, of its best checkpoint, which holds everything. Throws one line where that is of another model. */
function trainedByStage1({ file, parameters }: Stage1Parameters, model: Model): HostArrays {
  const names = teacherParameters(model, 'snapshot');
  const part = <T>(of: Readonly<Record<string, T>>) => Object.fromEntries(names.flatMap((name) => (of[name] === undefined ? [] : [[name, of[name]]])));
  const trained = part(parameters);
  checkParameters(file, trained, part(model.parameters));
  return trained;
}

/** Parameters a stage begins with: a resumed checkpoint's, stage 1's best, or start values. */
export async function startingPoint(run: TrainingRun, stage: Stage): Promise<StartingPoint> {
  const { store, device, model } = run;
  const stage1 = stage === 2 ? await store.stage1() : undefined;
  const first = stage1 && trainedByStage1(stage1, model);
  const resumed = await store.resumePoint(stage);
  if (resumed) {
    const { parameters, optimizer, trainer, tuning } = resumed;
    // Before anything is compiled: the run resumes with the kernels that it started with, and so with the same bits.
    if (tuning !== undefined) device.choices?.restore(tuning);
    return { parameters, optimizer, trainer, teacher: first ?? (await startValues(run)) };
  }
  const initial = await startValues(run);
  const lines = stage === 2 ? await store.linesOfStage1() : 0;
  return { parameters: { ...initial, ...first }, trainer: initialState(stage, lines), teacher: first ?? initial };
}
