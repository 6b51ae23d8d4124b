// Pre-tokenizers of a tokenizer.json, as Hugging Face's tokenizers compute them: how a text falls into words, whatever the script.
import type { Part } from './setting.ts';
import { asPart, flag, literal, partsOf, refuse } from './setting.ts';

/** Splits a normalized text into words. */
export type SplitWords = (text: string) => string[];

const punctuation = '\\p{P}!-\\/:-@\\[-`{-~';
const word = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d';

/** What becomes of the places where a text is split. */
type Behaviour = 'Removed' | 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous';

/** Splits at what an expression (global) matches. */
function splitAt(match: RegExp, behaviour: Behaviour): SplitWords {
  return (text) => {
    const pieces: { text: string; isMatch: boolean }[] = [];
    let at = 0;
    for (const { index, 0: found } of text.matchAll(match)) {
      if (index > at) pieces.push({ text: text.slice(at, index), isMatch: false });
      pieces.push({ text: found, isMatch: true });
      at = index + found.length;
    }
    if (at < text.length) pieces.push({ text: text.slice(at), isMatch: false });
    return joined(pieces, behaviour);
  };
}

function joined(pieces: readonly { readonly text: string; readonly isMatch: boolean }[], behaviour: Behaviour): string[] {
  if (behaviour === 'Removed') return pieces.flatMap(({ text, isMatch }) => (isMatch ? [] : [text]));
  const words: string[] = [];
  pieces.forEach(({ text, isMatch }, i) => {
    const before = pieces[i - 1];
    const joins =
      before !== undefined &&
      (behaviour === 'MergedWithPrevious'
        ? isMatch && !before.isMatch
        : behaviour === 'MergedWithNext'
          ? !isMatch && before.isMatch
          : behaviour === 'Contiguous' && isMatch && before.isMatch);
    if (joins) words[words.length - 1] += text;
    else words.push(text);
  });
  return words;
}

const behaviours: readonly Behaviour[] = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'];

function behaviourOf(part: Part): Behaviour {
  const value = part['behavior'] ?? 'Isolated';
  return behaviours.find((name) => name === value) ?? refuse(`the pre_tokenizer's behavior ${JSON.stringify(value)}`, `${behaviours.join(', ')} are`);
}

const allOf =
  (expression: RegExp): SplitWords =>
  (text) =>
    text.match(expression) ?? [];

function split(part: Part): SplitWords {
  if (flag(part, 'invert', false)) refuse('the pre_tokenizer Split with "invert"', 'Split without it is');
  return splitAt(new RegExp(escaped(literal(part)), 'gu'), behaviourOf(part));
}

/** A text as an expression that matches it alone. */
const escaped = (text: string): string => text.replace(/[$()*+.?[\\\]^{|}/]/g, '\\$&');

function inTurn(steps: readonly SplitWords[]): SplitWords {
  return (text) => steps.reduce((words, step) => words.flatMap(step), [text]);
}

const kinds: Readonly<Record<string, (part: Part) => SplitWords>> = {
  BertPreTokenizer: () => allOf(new RegExp(`[${punctuation}]|[^\\p{White_Space}${punctuation}]+`, 'gu')),
  Whitespace: () => allOf(new RegExp(`[${word}]+|[^${word}\\p{White_Space}]+`, 'gu')),
  WhitespaceSplit: () => allOf(/\P{White_Space}+/gu),
  Punctuation: (part) => splitAt(new RegExp(`[${punctuation}]`, 'gu'), behaviourOf(part)),
  Digits: (part) => splitAt(/\p{N}/gu, flag(part, 'individual_digits', false) ? 'Isolated' : 'Contiguous'),
  Split: split,
  CharDelimiterSplit: (part) => splitAt(new RegExp(escaped(String(part['delimiter'])), 'gu'), 'Removed'),
  Sequence: (part) => inTurn(partsOf(part['pretokenizers'], 'pretokenizers').map(preTokenizerOf)),
};

/** The pre-tokenizer of a document's part; null leaves a text whole. Throws a HybridmedError that names a kind which is not computed here. */
export function preTokenizerOf(value: unknown): SplitWords {
  if (value === null || value === undefined) return (text) => (text === '' ? [] : [text]);
  const part = asPart(value, 'pre_tokenizer');
  const type = String(part.type);
  return Object.hasOwn(kinds, type) ? kinds[type]!(part) : refuse(`the pre_tokenizer ${JSON.stringify(part.type)}`, `${Object.keys(kinds).join(', ')} are`);
}
