// The split drawn by id where a data set has none of its own.
import { createHash } from 'node:crypto';
import type { Split } from '../study.ts';

/** First 4 bytes of sha256(id), big-endian, mod 10: 0-6 train, 7 validate, 8-9 test. */
export function splitOf(id: string): Split {
  const part = createHash('sha256').update(id).digest().readUInt32BE(0) % 10;
  return part < 7 ? 'train' : part === 7 ? 'validate' : 'test';
}
