// What a run computed, as hashes.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const files = ['stage1-best/model', 'stage1-last/model', 'stage1-last/optimizer', 'stage2-best/model', 'stage2-last/model', 'stage2-last/optimizer'];

/** Hashes of models and moments of both stages: all must be there. */
export const hashes = (out: string): Record<string, string> =>
  Object.fromEntries(
    files.map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(out, 'checkpoints', `${name}.safetensors`)))
        .digest('hex'),
    ]),
  );
