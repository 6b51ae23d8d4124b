// What a stage begins with: a resumed checkpoint, the best of earlier stages, or start values.
import type { EarlierStage, Model, Stage } from '@hybridmed/model';
import { takenFrom } from '@hybridmed/model/graphs';
import { stageRow } from '@hybridmed/model/objective';
import { checkParameters } from '@hybridmed/model';
import { initialize } from '@hybridmed/nn';
import type { HostArrays } from '@hybridmed/tensor';
import type { StageParameters } from '../contracts/run-store.ts';
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

/** What an earlier stage trained, of its best checkpoint, which holds everything. Throws one line where that is of another model. */
function trainedBefore({ file, parameters }: StageParameters, stage: EarlierStage, model: Model): HostArrays {
  const part = <T>(of: Readonly<Record<string, T>>) =>
    Object.fromEntries(takenFrom(model, stage).flatMap((name) => (of[name] === undefined ? [] : [[name, of[name]]])));
  const trained = part(parameters);
  checkParameters(file, trained, part(model.parameters));
  return trained;
}

/** Parameters a stage begins with: a resumed checkpoint's, the best ones of earlier stages, or start values. */
export async function startingPoint(run: TrainingRun, stage: Stage): Promise<StartingPoint> {
  const { store, device, model } = run;
  let earlier: HostArrays = {};
  for (const from of stageRow(stage).takes) {
    const best = await store.best(from);
    if (best) earlier = { ...earlier, ...trainedBefore(best, from, model) };
  }
  const hasTeacher = Object.keys(earlier).some((name) => stageRow(1).owns(name));
  const resumed = await store.resumePoint(stage);
  if (resumed) {
    const { parameters, optimizer, trainer, tuning } = resumed;
    // Before anything is compiled: the run resumes with the kernels that it started with, and so with the same bits.
    if (tuning !== undefined) device.choices?.restore(tuning);
    return { parameters, optimizer, trainer, teacher: hasTeacher ? earlier : await startValues(run) };
  }
  const parameters = { ...(await startValues(run)), ...earlier };
  return { parameters, trainer: initialState(stage, await store.linesBefore(stage)), teacher: parameters };
}
