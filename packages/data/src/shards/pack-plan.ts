// What goes into which shard.
import { basename } from 'node:path';
import type { DataSet, Split } from '../study.ts';
import type { PackedQuestion, PackedRecord } from './manifest.ts';

/** An image to pack, and what is known of it. */
export interface Sample {
  readonly position: number;
  readonly split: Split;
  readonly image: string;
  readonly record: PackedRecord;
}

/** A shard to write. */
export interface Plan {
  readonly file: string;
  readonly split: Split;
  readonly samples: readonly Sample[];
}

/** A sample for each study; of a set of questions, one for each image of a split. */
export function samplesOf({ studies, questions = [] }: DataSet): Sample[] {
  const samples = studies.map(({ image, ...study }, position): Sample => ({ position, split: study.split, image, record: { study } }));
  const byImage = new Map<string, PackedQuestion[]>();
  for (const [position, { image, imageName = basename(image), ...question }] of questions.entries()) {
    const key = `${question.split} ${image}`;
    const placed = { position, film: imageName, ...question };
    const known = byImage.get(key);
    if (known) known.push(placed);
    else {
      const list = [placed];
      byImage.set(key, list);
      samples.push({ position, split: question.split, image, record: { questions: list } });
    }
  }
  return samples;
}

/** Which samples go into which shard: each split by itself, in the set's order. */
export function planShards(samples: readonly Sample[], perShard: number): Plan[] {
  return (['train', 'validate', 'test'] as const).flatMap((split) => {
    const own = samples.filter((sample) => sample.split === split);
    return Array.from({ length: Math.ceil(own.length / perShard) }, (_, i) => ({
      file: `${split}-${String(i).padStart(6, '0')}.tar`,
      split,
      samples: own.slice(i * perShard, (i + 1) * perShard),
    }));
  });
}
