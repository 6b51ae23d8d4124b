// A training run as a task: the first steps' losses for the comparison, then more steps for the time.
import type { PreparedTask } from '../task.ts';

/** A run whose every step reads its loss back, as a trainer does. */
export interface VitRun {
  /** Back to the start values. */
  restart(): void;
  step(): Promise<number>;
}

/** The task. */
export function preparedRun({ restart, step }: VitRun, steps: number): PreparedTask {
  return {
    async run() {
      restart();
      const losses = new Float32Array(steps);
      for (let i = 0; i < steps; i++) losses[i] = await step();
      return [losses];
    },
    async time(times) {
      const start = performance.now();
      for (let i = 0; i < times; i++) await step();
      return performance.now() - start;
    },
    release: () => undefined,
  };
}
