// The main entry: the training loop over its contracts, validation, and the fitting of heads. It runs in a browser.
export type { Clock } from './contracts/clock.ts';
export type { LossValues, StepLine, ValidationLine } from './contracts/metrics.ts';
export type { RunEvents } from './contracts/run-events.ts';
export type { CheckpointKind, ResumePoint, RunStore, SkippedStudy, Stage1Parameters, StageSnapshot } from './contracts/run-store.ts';
export { TrainingStoppedError } from './contracts/training-stopped.ts';
export type { SourceBatch, StudySource } from './contracts/study-source.ts';
export { trainerStateSchema } from './contracts/trainer-state.ts';
export type { TrainerState } from './contracts/trainer-state.ts';
export { fit } from './fit.ts';
export type { Fitted, FitOptions, Task } from './fit.ts';
export { runModel, runModelConfig } from './trainer/run-model.ts';
export { accumulatedStep } from './trainer/accumulated-step.ts';
export { startOptimizer, wholeStep } from './trainer/whole-step.ts';
export type { StepOptions, Stepper, StepResult } from './trainer/whole-step.ts';
export type { TrainingRun } from './contracts/training-run.ts';
export { checkPrecision, checkWork, trainStages } from './trainer/train-stages.ts';
export { evaluateSplit, validate } from './trainer/validate.ts';
export type { BatchLosses, SplitLosses, Validator } from './trainer/validate.ts';
