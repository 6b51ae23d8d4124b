// What a misspelt key of a file means.

const letters = (key: string): string => key.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Edits between two words: insertions, deletions, replacements, neighbours swapped (optimal string alignment). */
function edits(a: string, b: string): number {
  let [twoBack, back]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = back[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(back[j]! + 1, row[j - 1]! + 1, replaced);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j]!, twoBack[j - 2]! + 1);
    }
    [twoBack, back] = [back, row];
  }
  return back[b.length]!;
}

/** The key that a misspelt one means: the same letters in another style, one that begins alike, or one a few edits away. */
export function nearestKey(wrong: string, keys: readonly string[]): string | undefined {
  const wrongLetters = letters(wrong);
  const beginsAlike = (key: string) => letters(key).startsWith(wrongLetters) || wrongLetters.startsWith(letters(key));
  const same = keys.find((key) => letters(key) === wrongLetters) ?? (wrongLetters.length > 2 ? keys.find(beginsAlike) : undefined);
  if (same !== undefined || wrong.length > 64) return same;
  const [nearest] = keys.map((key) => [edits(wrongLetters, letters(key)), key] as const).toSorted(([a], [b]) => a - b);
  return nearest && nearest[0] <= Math.max(1, Math.floor(wrongLetters.length / 4)) ? nearest[1] : undefined;
}
