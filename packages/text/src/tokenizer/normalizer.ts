// Normalizers of a tokenizer.json, as Hugging Face's tokenizers compute them: by code points, whatever the script.
import type { Part } from './setting.ts';
import { asPart, flag, literal, partsOf, refuse } from './setting.ts';

/** Makes a text into the one whose words are looked up. */
export type Normalize = (text: string) => string;

/** Lower case code point by code point: a capital sigma is no final one at a word's end. */
const lowerCase: Normalize = (text) => text.replaceAll('\u03a3', '\u03c3').toLowerCase();

// Control, format and private-use characters, but for the three that are white space.
const unseen = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\ufffd]/gu;
// The blocks that BERT sets apart, as the published code has them: the fifth begins at 2B920, not 2B820.
const chinese = /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

function bertNormalizer(part: Part): Normalize {
  const lowercase = flag(part, 'lowercase', true);
  const steps: Normalize[] = [];
  if (flag(part, 'clean_text', true)) steps.push((text) => text.replace(unseen, '').replace(/\p{White_Space}/gu, ' '));
  if (flag(part, 'handle_chinese_chars', true)) steps.push((text) => text.replace(chinese, ' $& '));
  if (flag(part, 'strip_accents', lowercase)) steps.push((text) => text.normalize('NFD').replace(/\p{Mn}/gu, ''));
  if (lowercase) steps.push(lowerCase);
  return inTurn(steps);
}

const inTurn =
  (steps: readonly Normalize[]): Normalize =>
  (text) =>
    steps.reduce((before, step) => step(before), text);

const unicodeForm = (form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD') => (): Normalize => (text) => text.normalize(form);

function strip(part: Part): Normalize {
  const [left, right] = [flag(part, 'strip_left', true), flag(part, 'strip_right', true)];
  return (text) => {
    const begun = left ? text.replace(/^\p{White_Space}+/u, '') : text;
    return right ? begun.replace(/\p{White_Space}+$/u, '') : begun;
  };
}

function replace(part: Part): Normalize {
  const [pattern, content] = [literal(part), String(part['content'] ?? '')];
  return (text) => text.replaceAll(pattern, () => content);
}

const kinds: Readonly<Record<string, (part: Part) => Normalize>> = {
  BertNormalizer: bertNormalizer,
  Lowercase: () => lowerCase,
  NFC: unicodeForm('NFC'),
  NFD: unicodeForm('NFD'),
  NFKC: unicodeForm('NFKC'),
  NFKD: unicodeForm('NFKD'),
  StripAccents: () => (text) => text.replace(/\p{M}/gu, ''),
  Strip: strip,
  Replace: replace,
  Prepend: (part) => (text) => (text === '' ? text : String(part['prepend'] ?? '') + text),
  Sequence: (part) => inTurn(partsOf(part['normalizers'], 'normalizers').map(normalizerOf)),
};

/** The normalizer of a document's part; null leaves texts as they are. Throws a HybridmedError that names a kind which is not computed here. */
export function normalizerOf(value: unknown): Normalize {
  if (value === null || value === undefined) return (text) => text;
  const part = asPart(value, 'normalizer');
  const type = String(part.type);
  return Object.hasOwn(kinds, type) ? kinds[type]!(part) : refuse(`the normalizer ${JSON.stringify(part.type)}`, `${Object.keys(kinds).join(', ')} are`);
}
