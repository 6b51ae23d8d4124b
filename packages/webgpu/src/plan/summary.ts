// What a plan will take, known before anything is allocated.
import type { Bindings } from '@hybridmed/tensor';
import type { Plan } from './plan.ts';

/** What a plan will take, before anything is allocated. */
export interface PlanSummary {
  readonly bindings: Bindings;
  readonly dispatches: number;
  /** Distinct shaders. */
  readonly shaders: number;
  /** Bytes of the arenas: the peak of all intermediates. */
  readonly arenaBytes: number;
  /** Bytes that the intermediates would take without sharing. */
  readonly unsharedBytes: number;
}

/** What a plan will take with given sizes. */
export function summarize({ dispatches, memory }: Plan, bindings: Bindings): PlanSummary {
  return {
    bindings,
    dispatches: dispatches.length,
    shaders: new Set(dispatches.map(({ code }) => code)).size,
    arenaBytes: memory.arenas.reduce((a, b) => a + b, 0),
    unsharedBytes: memory.unshared,
  };
}
