// What collectives cost, and whether the model of a step's time holds.
import type { RanksCheck } from '../check.ts';
import { findingOf } from '../check.ts';
import { measureRanks } from '../measure.ts';

const silent = (): void => undefined;

/** Time in collectives. */
export const collectives: RanksCheck = {
  name: 'collectives',
  check: 'time in collectives net of waiting, `small`, 2 ranks, 200 steps',
  bar: "<= 5 % of the step's CPU time; no memory is taken over 200 steps (16 MiB are the collector's)",
  async run() {
    const { near, collectiveShare } = await measureRanks(silent, 200);
    return findingOf(
      { 'at most 5 %': collectiveShare <= 0.05, 'no growth': near.grownMiB < 16 },
      `${(100 * collectiveShare).toFixed(1)} % of ${near.cpuMs.toFixed(0)} ms CPU time; ${near.grownMiB.toFixed(0)} MiB more after 200 steps`,
    );
  },
};

/** The model of a step's time. */
export const network: RanksCheck = {
  name: 'network',
  check: '`delayed` as 10 GbE, 2 ranks, median of 20 steps, compute measured in the same run',
  bar: 'within 10 % of the model',
  async run() {
    const { near, far, predictedMs } = await measureRanks(silent, 20);
    const difference = far.stepMs / predictedMs - 1;
    return findingOf(
      { 'within 10 %': Math.abs(difference) <= 0.1 },
      `${far.stepMs.toFixed(0)} ms, predicted ${predictedMs.toFixed(0)} ms (${(100 * difference).toFixed(1)} %), near ${near.stepMs.toFixed(0)} ms`,
    );
  },
};
