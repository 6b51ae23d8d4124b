// Axes of a reduction: neighbours that all go, or all stay, are one run.
import type { ReduceProblem } from './problem.ts';

/** Neighbouring axes that all go or all stay: how many elements they have, and the step between those. */
export interface Run {
  readonly goes: boolean;
  readonly size: number;
  readonly step: number;
}

/** The runs of a shape, outer ones first. Axes of one element are in none. */
export function runsOf({ shape, axes }: Pick<ReduceProblem, 'shape' | 'axes'>): Run[] {
  const runs: Run[] = [];
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis]!;
    if (size === 1) continue;
    const goes = axes.includes(axis);
    const inner = runs[0];
    if (inner?.goes === goes) runs[0] = { ...inner, size: inner.size * size };
    else runs.unshift({ goes, size, step });
    step *= size;
  }
  return runs;
}
