// Choosing tokens from logits on the host: greedy, beam and nucleus search over anything that steps.
import { HybridmedError, mix32, uniformAt } from '@hybridmed/tensor';

/** One token at a time for several rows. */
export interface Stepper {
  readonly vocabulary: number;
  /** Max steps. */
  readonly maxTokens: number;
  /** Starts a text: row i reads the memory of study `rows[i]`. */
  start(rows: Int32Array<ArrayBuffer>): Promise<void>;
  /** Row i continues row `parents[i]` with token `ids[i]` at `position`: logits (rows, vocabulary). */
  step(ids: Int32Array<ArrayBuffer>, parents: Int32Array<ArrayBuffer>, position: number): Promise<Float32Array | Float64Array>;
  /** Frees what it compiled. */
  release?(): void;
}

/** What every search needs: number of studies, and the ids that begin and end a text. */
export interface SearchOptions {
  studies: number;
  special: { readonly cls: number; readonly sep: number };
  /** Max new tokens; the stepper's maximum by default. */
  maxTokens?: number;
  /** Gets each study's tokens without [CLS] and [SEP] as they are chosen; of beam search the winner's, at the end. */
  onToken?: ((study: number, id: number) => void) | undefined;
  /** Ends the search before its next step, with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** A text that beam search found: ids without [CLS] and [SEP], log probability / length^alpha, length counting [SEP], and the others, best first. */
export interface Hypothesis {
  readonly ids: readonly number[];
  readonly score: number;
  readonly others?: readonly Hypothesis[];
}

type Choose = (logits: Float32Array | Float64Array, study: number, position: number) => number;

const identity = (rows: number) => Int32Array.from({ length: rows }, (_, row) => row);

/** One token per study and step until all have ended. */
async function sampleWith(
  stepper: Stepper,
  { studies, special, maxTokens = stepper.maxTokens, onToken, signal }: SearchOptions,
  choose: Choose,
): Promise<number[][]> {
  const texts: number[][] = Array.from({ length: studies }, () => []);
  const ended = new Uint8Array(studies);
  const current = new Int32Array(studies).fill(special.cls);
  const rows = identity(studies);
  await stepper.start(rows);
  for (let position = 0; position < maxTokens && ended.includes(0); position++) {
    signal?.throwIfAborted();
    const logits = await stepper.step(current, rows, position);
    for (let study = 0; study < studies; study++) {
      if (ended[study]) continue;
      const id = choose(logits.subarray(study * stepper.vocabulary, (study + 1) * stepper.vocabulary), study, position);
      current[study] = id;
      if (id === special.sep) ended[study] = 1;
      else {
        texts[study]!.push(id);
        onToken?.(study, id);
      }
    }
  }
  return texts;
}

/** The likeliest token at every step; ids without [CLS] and [SEP], at most `maxTokens` of them. */
export function greedySearch(stepper: Stepper, options: SearchOptions): Promise<number[][]> {
  return sampleWith(stepper, options, (logits) => {
    let best = 0;
    for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id;
    return best;
  });
}

/** Sampling from the smallest set of tokens whose probability reaches `p` [Holtzman et al. 2020]; the same seed gives the same texts. Throws a HybridmedError for a p outside (0, 1] or a temperature that is not positive. */
export async function nucleusSearch(
  stepper: Stepper,
  { p = 0.9, temperature = 1, seed, ...options }: SearchOptions & { p?: number; temperature?: number; seed: number },
): Promise<number[][]> {
  if (!(p > 0 && p <= 1)) throw new HybridmedError(`nucleus search: p is ${p}; give a fraction above 0 and up to 1`);
  if (!(temperature > 0)) throw new HybridmedError(`nucleus search: temperature is ${temperature}; give a number above 0 (greedy search is its limit at 0)`);
  return sampleWith(stepper, options, (logits, study, position) => {
    const scores = logSoftmax(logits.map((value) => value / temperature));
    const order = topIndices(scores, scores.length);
    let mass = 0;
    const nucleus: number[] = [];
    for (const id of order) {
      nucleus.push(id);
      mass += Math.exp(scores[id]!);
      if (mass >= p) break;
    }
    let remaining = uniformAt([mix32(seed + 0x5bd1e995), mix32(position)], 7, study) * mass;
    return nucleus.find((id) => (remaining -= Math.exp(scores[id]!)) <= 0) ?? nucleus.at(-1)!;
  });
}

interface Live {
  readonly ids: readonly number[];
  readonly logProbability: number;
  readonly row: number;
}

/**
 * Beam search. Each step ranks all continuations of the live hypotheses and looks at the best 2 * width: those that end in [SEP]
 * finish, the first `width` others live on; at the limit the live ones finish as they are and all compete. A study stops early only
 * where its winner can no longer change.
 */
export async function beamSearch(
  stepper: Stepper,
  { studies, special, width, alpha = 1, maxTokens = stepper.maxTokens, onToken, signal }: SearchOptions & { width: number; alpha?: number },
): Promise<Hypothesis[]> {
  const rows = studies * width;
  await stepper.start(Int32Array.from({ length: rows }, (_, row) => Math.floor(row / width)));
  let live: Live[][] = Array.from({ length: studies }, (_, study) => [{ ids: [], logProbability: 0, row: study * width }]);
  const finished: Hypothesis[][] = live.map(() => []);
  const score = (logProbability: number, length: number) => logProbability / length ** alpha;
  for (let position = 0; position < maxTokens && live.some((hypotheses) => hypotheses.length > 0); position++) {
    signal?.throwIfAborted();
    const [ids, parents] = [new Int32Array(rows).fill(special.cls), identity(rows)];
    live = live.map((hypotheses, study) =>
      hypotheses.map((hypothesis, i) => {
        const row = study * width + i;
        ids[row] = hypothesis.ids.at(-1) ?? special.cls;
        parents[row] = hypothesis.row;
        return { ...hypothesis, row };
      }),
    );
    const logits = await stepper.step(ids, parents, position);
    live = live.map((hypotheses, study) => {
      const next: Live[] = [];
      for (const candidate of continuations(hypotheses, logits, stepper.vocabulary, width)) {
        if (candidate.ids.at(-1) === special.sep)
          finished[study]!.push({ ids: candidate.ids.slice(0, -1), score: score(candidate.logProbability, candidate.ids.length) });
        else if (next.length < width) next.push(candidate);
      }
      // A live hypothesis can at best keep its log probability and grow to the limit (or, for alpha < 0, end at once).
      const bound = Math.max(...next.map((h) => score(h.logProbability, alpha >= 0 ? maxTokens : h.ids.length + 1)), -Infinity);
      const best = Math.max(...finished[study]!.map((hypothesis) => hypothesis.score), -Infinity);
      return position + 1 < maxTokens && best >= bound ? [] : next;
    });
  }
  return live.map((hypotheses, study) => {
    const all = [...finished[study]!, ...hypotheses.map(({ ids, logProbability }) => ({ ids, score: score(logProbability, ids.length) }))];
    const [winner, ...others] = all.toSorted((a, b) => b.score - a.score) as [Hypothesis, ...Hypothesis[]];
    for (const id of winner.ids) onToken?.(study, id);
    return { ...winner, others: others.slice(0, width - 1) };
  });
}

/** The best 2 * width continuations of a study's live hypotheses, best first. */
function continuations(hypotheses: readonly Live[], logits: Float32Array | Float64Array, vocabulary: number, width: number): Live[] {
  const all = hypotheses.flatMap(({ ids, logProbability, row }) => {
    const scores = logSoftmax(logits.subarray(row * vocabulary, (row + 1) * vocabulary));
    return topIndices(scores, 2 * width).map((id) => ({ ids: [...ids, id], logProbability: logProbability + scores[id]!, row }));
  });
  return all.toSorted((a, b) => b.logProbability - a.logProbability).slice(0, 2 * width);
}

function logSoftmax(logits: Float32Array | Float64Array): Float64Array {
  const result = Float64Array.from(logits);
  const greatest = result.reduce((a, b) => Math.max(a, b), -Infinity);
  const total = Math.log(result.reduce((sum, value) => sum + Math.exp(value - greatest), 0)) + greatest;
  return result.map((value) => value - total);
}

/** Indices of the k greatest values, greatest first. */
function topIndices(values: Float64Array, k: number): number[] {
  if (k * 8 >= values.length)
    return Array.from(values.keys())
      .toSorted((a, b) => values[b]! - values[a]!)
      .slice(0, k);
  const best: number[] = [];
  values.forEach((value, id) => {
    if (best.length === k && value <= values[best[k - 1]!]!) return;
    let at = best.length;
    while (at > 0 && value > values[best[at - 1]!]!) at--;
    best.splice(at, 0, id);
    if (best.length > k) best.pop();
  });
  return best;
}
