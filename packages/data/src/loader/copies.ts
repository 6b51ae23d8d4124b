// Fixed copies of a training image, in place of a crop anew in each epoch: copy 0 is the centre crop, the others are drawn once.
import type { Augmentation } from './augment.ts';
import type { KnownFeatures } from './batch.ts';
import { randomBelow } from './random.ts';

// What the random number is for; those of crops and augmentations are 2 to 16.
const purpose = 20;

/** Which of `crops` copies of a study's image an epoch has: of seed, study and epoch alone, whatever batches, passes and ranks. */
export const copyOf = (crops: number, seed: number, study: number, epoch: number): number => randomBelow(crops, seed, epoch, study, purpose);

/** What a copy is, beside the square that it is cut from: copies with equal names of equal squares are equal. */
export const copyName = (
  copy: number,
  { seed, study, augmentation }: { readonly seed: number; readonly study: number; readonly augmentation: Augmentation },
): string => (copy === 0 ? 'centre' : JSON.stringify({ seed, study, copy, augmentation: Object.entries(augmentation).toSorted() }));

/** Which copy of its image each study of a batch is of, in evaluation the centre crop, and what is known of these; nothing where images are cropped anew. */
export async function copiesOf(
  studies: readonly number[],
  { train, seed }: { readonly train: boolean; readonly seed: number },
  { epoch = 0, crops = 0, known: ask }: { readonly epoch?: number; readonly crops?: number; readonly known?: KnownFeatures },
): Promise<{ readonly copies?: readonly number[]; readonly known?: readonly (Float32Array | undefined)[] }> {
  if (train && crops === 0) return {};
  const copies = studies.map((study) => (train ? copyOf(crops, seed, study, epoch) : 0));
  return { copies, ...(ask && { known: await Promise.all(studies.map((study, i) => ask(study, copies[i]!))) }) };
}
