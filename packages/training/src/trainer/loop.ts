// The loop of every training: steps under a schedule, rounds that end in a validation, and the best of them. What a step and a round do is
// their caller's.
import { cosineSchedule } from '@hybridmed/nn';
import { HybridmedError } from '@hybridmed/tensor';
import type { TrainerState } from '../contracts/trainer-state.ts';

/** Where a training is. `best` is of the round with the lowest value, `epochsSinceBest` counts rounds: those of pre-training are epochs. */
export type Progress = Pick<TrainerState, 'epoch' | 'stepInEpoch' | 'step' | 'best' | 'epochsSinceBest'>;

/** Linear warm-up to a peak, then a cosine to 0, over a number of steps. */
export interface Schedule {
  readonly steps: number;
  readonly warmup: number;
  readonly peak: number;
}

/** A training: its batches `B`, and what is done with them. Each function takes where the training is and gives where it is then. */
export interface Training<P extends Progress, B> {
  readonly schedule: Schedule;
  /** Batches from here to the end of the epoch. */
  batches(now: P): AsyncIterable<B> | Iterable<B>;
  readonly stepsPerEpoch: number;
  /** One optimizer step. */
  step(batch: B, now: P, learningRate: number): Promise<P>;
  /** Steps between the ends of rounds; without it a round is an epoch, and `endRound` gives the beginning of the next. */
  readonly round?: number;
  endRound(now: P): Promise<P>;
  /** Rounds without improvement after which the training ends; 0 for never. */
  readonly patience: number;
}

/**
 * Where a training is after a round with this value, which is to be low. Of equals the earlier is the best; a value that is no number is
 * no better than any other, and worse than the first one that is a number.
 */
export function judged<P extends Progress>(now: P, value: number): { readonly next: P; readonly better: boolean } {
  const better = now.best === null || value < now.best.value || (Number.isNaN(now.best.value) && !Number.isNaN(value));
  const best = better ? { value, epoch: now.epoch } : now.best;
  return { next: { ...now, best, epochsSinceBest: better ? 0 : now.epochsSinceBest + 1 }, better };
}

/** Trains from where `start` is to the last step, which ends a round, or until nothing improves any more. Throws one line for an epoch without batches. */
export async function train<P extends Progress, B>(training: Training<P, B>, start: P): Promise<P> {
  const { schedule, batches, stepsPerEpoch, step, round, endRound, patience } = training;
  const isLast = (now: P) => now.step >= schedule.steps;
  const epochEnds = (now: P) => isLast(now) || now.stepInEpoch >= stepsPerEpoch;
  const roundEnds = (now: P) => isLast(now) || (round === undefined ? epochEnds(now) : now.step % round === 0);
  const stalls = ({ epochsSinceBest }: P) => patience > 0 && epochsSinceBest >= patience;
  let now = start;
  // An epoch that was stopped before its validation has steps behind it and none before it.
  while ((!isLast(now) || now.stepInEpoch > 0) && !stalls(now)) {
    if (!epochEnds(now))
      for await (const batch of batches(now)) {
        now = await step(batch, now, cosineSchedule(now.step, schedule));
        if (epochEnds(now)) break;
        if (roundEnds(now)) now = await endRound(now);
        if (stalls(now)) return now;
      }
    if (now.stepInEpoch === 0) throw new HybridmedError(`epoch ${now.epoch + 1} has no batches; give more training studies or a smaller batch`);
    if (round === undefined || roundEnds(now)) now = await endRound(now);
    if (round !== undefined) now = { ...now, epoch: now.epoch + 1, stepInEpoch: 0 };
  }
  return now;
}
