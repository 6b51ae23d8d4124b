// The entry of loggers: what sends a run elsewhere.
export { mlflowLogger } from './mlflow-logger.ts';
export type { MlflowOptions } from './mlflow-logger.ts';
