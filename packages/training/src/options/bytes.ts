// Numbers of bytes as people write them.
import type { ZodType } from 'zod';
import type { Value } from './values.ts';
import { ValueError } from './values.ts';

const units: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 };
const pattern = /^(\d+(?:\.\d+)?) ?(?:([kmgt])(i?b)?|b)?$/i;
const words = 'a number of bytes, such as 500MB or 4GiB';

/** The number that a text names: 4GiB, 4G, 500MB or plain bytes; a letter alone stands for powers of 1024. Undefined for another text. */
export function bytesOf(text: string): number | undefined {
  const [, number, letter = '', end = ''] = pattern.exec(text.trim()) ?? [];
  if (number === undefined) return undefined;
  const bytes = Math.floor(Number(number) * units[`${letter}${/^b$/i.test(end) ? 'b' : ''}`.toLowerCase()]!);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A text that names a number of bytes; `bytesOf` reads it. */
export const byteSize = (): Value<string> => ({
  parse(given) {
    if (bytesOf(given) === undefined) throw new ValueError(`Give ${words}.`);
    return given;
  },
  schema: (zod) => zod.string().regex(pattern) as ZodType<string>,
  words,
});
