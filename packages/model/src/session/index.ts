// The entry of models opened for use: the contract, a checkpoint on a device, exported graphs. It runs in a browser.
export { openSession } from './device-session.ts';
export { openExportedSession } from './exported-session.ts';
export type { ExportedModel } from './exported-session.ts';
export {
  checkpointNeededError,
  isTrained,
  noGradientError,
  noRatioError,
  noRemovalError,
  notExportedError,
  noVisionError,
  SessionError,
  untrainedError,
} from './session-error.ts';
export type { SessionProblem } from './session-error.ts';
export { tracedModel } from './traced-model.ts';
export type {
  BranchInput,
  CallOptions,
  GeneratedText,
  GenerateOptions,
  LogitInput,
  ModelSession,
  Preparation,
  SessionInfo,
  TokenArrays,
  TracedModel,
} from './session.ts';
