// tf-idf over a corpus of texts, with smoothed document frequencies, and the similarities of a query to all of it.

type Sparse = ReadonlyMap<string, number>;

/** Runs of one to `longest` words, of two characters or more each. */
function termsOf(text: string, longest: number): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}_]{2,}/gu) ?? [];
  const terms: string[] = [];
  for (let length = 1; length <= longest; length++)
    for (let start = 0; start + length <= words.length; start++) terms.push(words.slice(start, start + length).join(' '));
  return terms;
}

function termCounts(text: string, longest: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of termsOf(text, longest)) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

/** tf-idf vectors of unit length with smoothed frequencies, ln((1 + n) / (1 + df)) + 1; terms the corpus lacks are left out. */
function tfIdf(corpus: readonly string[], longest: number): (text: string) => Sparse {
  const frequencies = new Map<string, number>();
  for (const text of corpus) for (const word of new Set(termsOf(text, longest))) frequencies.set(word, (frequencies.get(word) ?? 0) + 1);
  const weight = (word: string) => Math.log((1 + corpus.length) / (1 + frequencies.get(word)!)) + 1;
  return (text) => {
    const vector = [...termCounts(text, longest)].filter(([word]) => frequencies.has(word)).map(([word, count]) => [word, count * weight(word)] as const);
    const norm = Math.sqrt(vector.reduce((sum, [, value]) => sum + value * value, 0)) || 1;
    return new Map(vector.map(([word, value]) => [word, value / norm]));
  };
}

/** Cosines of a query's tf-idf vector with those of a corpus (texts), in an array of its own; terms are runs of one to `longest` words. */
export function tfIdfSimilarities(corpus: readonly string[], longest = 1): (query: string) => Float64Array {
  const vectorOf = tfIdf(corpus, longest);
  const postings = new Map<string, [number, number][]>();
  corpus.forEach((text, index) => {
    for (const [word, value] of vectorOf(text)) {
      const list = postings.get(word) ?? [];
      list.push([index, value]);
      postings.set(word, list);
    }
  });
  return (query) => {
    const scores = new Float64Array(corpus.length);
    for (const [word, value] of vectorOf(query)) for (const [index, other] of postings.get(word) ?? []) scores[index]! += value * other;
    return scores;
  };
}
