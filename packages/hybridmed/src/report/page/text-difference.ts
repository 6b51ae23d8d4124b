// Words in which two texts differ: a longest common subsequence over words compared without case and punctuation.

/** A word as it was written, and whether the other text lacks it here. */
export interface MarkedWord {
  readonly word: string;
  readonly differs: boolean;
}

// The subsequence's table is quadratic in the words: longer texts are compared up to this many.
const maxWords = 400;

const wordsOf = (text: string): string[] => text.split(/\s+/).filter(Boolean).slice(0, maxWords);
// Generated texts may lack the accents of their references: the scores compare without them, and so does this.
const normalized = (word: string): string =>
  word
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');

/** Generated texts have spaces before punctuation: a mark alone belongs to the word before it. */
function joinPunctuation(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    if (normalized(word) === '' && joined.length > 0) joined[joined.length - 1] += word;
    else joined.push(word);
  }
  return joined;
}

/** Both texts word by word, each word marked that has no counterpart in the other. Case and punctuation do not count. */
export function textDifference(a: string, b: string): { a: MarkedWord[]; b: MarkedWord[] } {
  const [left, right] = [joinPunctuation(wordsOf(a)), joinPunctuation(wordsOf(b))];
  const [x, y] = [left.map(normalized), right.map(normalized)];
  const width = y.length + 1;
  const longest = new Uint16Array((x.length + 1) * width);
  for (let i = x.length - 1; i >= 0; i--) {
    for (let j = y.length - 1; j >= 0; j--)
      longest[i * width + j] = x[i] === y[j] ? longest[(i + 1) * width + j + 1]! + 1 : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
  }
  const [own, other] = [left.map((word) => ({ word, differs: true })), right.map((word) => ({ word, differs: true }))];
  for (let i = 0, j = 0; i < x.length && j < y.length;) {
    if (x[i] === y[j]) {
      own[i++]!.differs = false;
      other[j++]!.differs = false;
    } else if (longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!) i++;
    else j++;
  }
  return { a: own, b: other };
}
