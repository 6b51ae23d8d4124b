// The tokenizer as worker threads load it: by this module's URL and a tokenizer.json document.
import { tokenizerFromJson } from './tokenizer.ts';
import type { SpecialIds } from './tokenizer.ts';

/** Makes the encoding half of a tokenizer from a tokenizer.json document. */
export function createTokenizer(config: unknown): { encode(text: string, maxLength: number): number[]; special: SpecialIds } {
  return tokenizerFromJson(config);
}
