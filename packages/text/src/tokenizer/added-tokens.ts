// Added tokens: texts that are found before anything is cut up, in the text as it stands or, where they are `normalized`, in the normalized one.
import type { Normalize } from './normalizer.ts';

/** A token of `added_tokens`. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Only where no letter, digit or mark is beside it. */
  readonly single_word?: boolean;
  /** With the white space before, after it. */
  readonly lstrip?: boolean;
  readonly rstrip?: boolean;
  readonly normalized?: boolean;
  readonly special?: boolean;
}

/** A part of a text: an added token's id, or what stands between such tokens. */
export type Found = number | string;

const word = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d]';
const [startsWithWord, endsWithWord] = [new RegExp(`^${word}`, 'u'), new RegExp(`${word}$`, 'u')];
const [spaceAtStart, spaceAtEnd] = [/^\p{White_Space}*/u, /\p{White_Space}*$/u];
const escaped = (text: string): string => text.replace(/[$()*+.?[\\\]^{|}/]/g, '\\$&');

/** Finds tokens in a text, of those that begin at one place the longest. */
function finder(tokens: ReadonlyMap<string, AddedToken>): (text: string) => Found[] {
  if (tokens.size === 0) return (text) => [text];
  const longestFirst = [...tokens.keys()].toSorted((a, b) => b.length - a.length);
  const expression = new RegExp(longestFirst.map(escaped).join('|'), 'gu');
  return (text) => {
    const parts: Found[] = [];
    let at = 0;
    for (const { index, 0: content } of text.matchAll(expression)) {
      const token = tokens.get(content)!;
      let [start, end] = [index, index + content.length];
      if (token.single_word && (endsWithWord.test(text.slice(0, start)) || startsWithWord.test(text.slice(end)))) continue;
      if (token.lstrip) start = Math.max(at, start - spaceAtEnd.exec(text.slice(0, start))![0].length);
      if (token.rstrip) end += spaceAtStart.exec(text.slice(end))![0].length;
      if (start > at) parts.push(text.slice(at, start));
      parts.push(token.id);
      at = end;
    }
    if (at < text.length) parts.push(text.slice(at));
    return parts;
  };
}

/** Splits a text into ids of added tokens and normalized texts between them. */
export function splitAtAdded(added: readonly AddedToken[], normalize: Normalize): (text: string) => Found[] {
  const [asTheyStand, normalized] = [new Map<string, AddedToken>(), new Map<string, AddedToken>()];
  for (const token of added) {
    const isNormalized = token.normalized ?? !token.special;
    const content = isNormalized ? normalize(token.content) : token.content;
    if (content !== '') (isNormalized ? normalized : asTheyStand).set(content, token);
  }
  const [first, second] = [finder(asTheyStand), finder(normalized)];
  return (text) => first(text).flatMap((part) => (typeof part === 'number' ? [part] : second(normalize(part))));
}
