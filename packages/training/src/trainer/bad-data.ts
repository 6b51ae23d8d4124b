// Training studies whose images cannot be read: who they are, when a run has too many of them, and what is saved before it ends for them.
import { DataError } from '@hybridmed/data/browser';
import type { Communicator } from '@hybridmed/ranks';
import { broadcastText } from '@hybridmed/ranks';
import type { StudySource, UnreadableStudy } from '../contracts/study-source.ts';
import type { TrainerState } from '../contracts/trainer-state.ts';
import type { TrainingRun } from '../contracts/training-run.ts';

// Of the training studies; of many that cannot be read, so many are named.
const [maxFraction, maxNamed] = [0.01, 20];

/** The studies that a stage's state says to leave out, by number. */
export function leftOutStudies({ size, idOf }: StudySource, { skipped = [] }: TrainerState): ReadonlySet<number> {
  const ids = new Set(skipped);
  return new Set(ids.size === 0 ? [] : Array.from({ length: size }, (_, study) => study).filter((study) => ids.has(idOf(study))));
}

/** The unreadable studies of a step that any rank met, by number: whichever ranks share a step, a run's record of it is the same. Collective. */
export async function ofAllRanks(ranks: Communicator, own: readonly UnreadableStudy[]): Promise<readonly UnreadableStudy[]> {
  const counts = Float64Array.of(own.length);
  await ranks.allReduce(counts);
  if (counts[0] === 0) return [];
  const all: UnreadableStudy[] = [];
  for (let rank = 0; rank < ranks.size; rank++) all.push(...(JSON.parse(await broadcastText(ranks, JSON.stringify(own), rank)) as UnreadableStudy[]));
  return all.toSorted((a, b) => a.study - b.study);
}

/** The state with the unreadable studies of its next batch. Throws a DataError with their list where more than 1 % of the training studies are. */
export function withSkipped({ train, store, events }: TrainingRun, now: TrainerState, unreadable: readonly UnreadableStudy[] = []): TrainerState {
  if (unreadable.length === 0) return now;
  const { stage, epoch, step } = now;
  const known = new Set(now.skipped);
  const fresh = unreadable.map(({ study, reason }) => ({ id: train.idOf(study), reason })).filter(({ id }) => !known.has(id));
  const skipped = [...known, ...fresh.map(({ id }) => id)];
  for (const { id, reason } of fresh) events.onMessage?.(`skipped: study ${id} (${reason}); the next study of its batch takes its place`);
  if (skipped.length > maxFraction * train.size) {
    const more = skipped.length > maxNamed ? ` and ${skipped.length - maxNamed} more` : '';
    throw new DataError(
      `the images of ${skipped.length} of ${train.size} training studies cannot be read, more than 1 %: ${skipped.slice(0, maxNamed).join(', ')}${more} (${fresh.at(-1)?.reason}); restore them, or leave them out with --exclude-ids`,
    );
  }
  for (const each of fresh) store.noteSkipped({ ...each, stage, epoch: epoch + 1, step: step + 1 });
  return { ...now, skipped };
}

/**
 * What to throw where a stage ends for an error: for bad data once everything that was computed since `start` is saved. Other errors are
 * given back as they are.
 */
export async function savedBefore(error: unknown, { start, now, save }: { start: TrainerState; now: TrainerState; save(): Promise<void> }): Promise<unknown> {
  if (!(error instanceof DataError)) return error;
  if (now !== start) await save();
  return now.step === 0
    ? error
    : new DataError(`${error.message}; step ${now.step} of stage ${now.stage} is saved, and the run resumes from there with --resume`);
}
