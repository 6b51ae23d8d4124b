// Which side of the patient a clause puts a finding on.

/** A side of the patient. */
export type ReportSide = 'left' | 'right';

const sideWords = /\b(?:left|right|bilateral(?:ly)?|both|bibasilar|bibasal|biapical|right and left|left and right)(?:-sided)?\b/g;
const farthest = 70;

const sidesOfWord = (word: string): readonly ReportSide[] =>
  word.startsWith('left') && !word.includes('right') ? ['left'] : word.startsWith('right') && !word.includes('left') ? ['right'] : ['left', 'right'];

/** Sides that belong to a mention at [start, end) of a clause whose other mentions are `others`: the nearest side word, before the mention rather than after it, with no other mention between. */
export function sidesOf(clause: string, start: number, end: number, others: readonly { readonly start: number; readonly end: number }[]): ReportSide[] {
  const sideMentions = [...clause.matchAll(sideWords)].map(({ index, 0: word }) => ({ index, end: index + word.length, word }));
  const between = (from: number, to: number) => others.some((other) => other.start >= from && other.end <= to);
  // "Left greater than right", "left and right": sides in one breath go together.
  const joined = (at: { index: number; end: number }) =>
    sideMentions.filter((other) =>
      /^ ?(?:and|greater than|more than|less than|,|or) ?(?:the )?$/.test(clause.slice(Math.min(at.end, other.end), Math.max(at.index, other.index))),
    );
  const before = sideMentions.filter((side) => side.end <= start && start - side.end <= farthest && !between(side.end, start)).at(-1);
  const inside = sideMentions.find((side) => side.index >= start && side.end <= end);
  const after = sideMentions.find((side) => side.index >= end && side.index - end <= farthest && !between(end, side.index));
  const nearest = inside ?? before ?? after;
  if (!nearest) return [];
  const words = [nearest, ...joined(nearest)].map(({ word }) => word);
  return (['left', 'right'] as const).filter((side) => words.some((word) => sidesOfWord(word).includes(side)));
}
