// Choosing tokens from logits on the host: greedy, beam and nucleus search over anything that steps.
import { HybridmedError, mix32, uniformAt } from '@hybridmed/tensor';
import type { Scores } from './token-scores.ts';
import { argmax, descending, logTotal, topIndices } from './token-scores.ts';

/** One token at a time for several rows. */
export interface Stepper {
  readonly vocabulary: number;
  /** Max steps. */
  readonly maxTokens: number;
  /** Starts `texts` texts of each study: rows (studies * texts), those of a study beside each other, which read its memory. */
  start(studies: number, texts: number): Promise<void>;
  /**
   * Row i continues row `parents[i]` of the step before with token `ids[i]` at `position`: logits (rows, vocabulary). There may be fewer rows than
   * before: a study whose rows none continues has left. A study's rows continue its own.
   */
  step(ids: Int32Array<ArrayBuffer>, parents: Int32Array<ArrayBuffer>, position: number): Promise<Scores>;
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

type Choose = (logits: Scores, study: number, position: number) => number;

/**
 * Which places of a batch of studies stay for the next step, by what says whether each goes on: all of them until half have ended, so that a device
 * meets few sizes; then half, ended ones among them where the number is odd. None where all have ended.
 */
function stayingPlaces(batch: readonly number[], goesOn: (study: number) => boolean): readonly number[] {
  const places = [...batch.keys()];
  const [live, ended] = [places.filter((place) => goesOn(batch[place]!)), places.filter((place) => !goesOn(batch[place]!))];
  if (live.length === 0) return [];
  let size = batch.length;
  while (live.length <= Math.ceil(size / 2) && size > 1) size = Math.ceil(size / 2);
  return size === batch.length ? places : [...live, ...ended.slice(0, size - live.length)].toSorted((a, b) => a - b);
}

/** One token per study and step until all have ended. */
async function sampleWith(
  stepper: Stepper,
  { studies, special, maxTokens = stepper.maxTokens, onToken, signal }: SearchOptions,
  choose: Choose,
): Promise<number[][]> {
  const texts: number[][] = Array.from({ length: studies }, () => []);
  const ended = new Uint8Array(studies);
  const current = new Int32Array(studies).fill(special.cls);
  let batch: readonly number[] = [...texts.keys()];
  await stepper.start(studies, 1);
  for (let position = 0; position < maxTokens; position++) {
    signal?.throwIfAborted();
    const staying = stayingPlaces(batch, (study) => ended[study] === 0);
    if (staying.length === 0) break;
    batch = staying.map((place) => batch[place]!);
    const logits = await stepper.step(
      Int32Array.from(batch, (study) => current[study]!),
      Int32Array.from(staying),
      position,
    );
    batch.forEach((study, place) => {
      if (ended[study]) return;
      const id = choose(logits.subarray(place * stepper.vocabulary, (place + 1) * stepper.vocabulary), study, position);
      current[study] = id;
      if (id === special.sep) ended[study] = 1;
      else {
        texts[study]!.push(id);
        onToken?.(study, id);
      }
    });
  }
  return texts;
}

/** The likeliest token at every step; ids without [CLS] and [SEP], at most `maxTokens` of them. */
export function greedySearch(stepper: Stepper, options: SearchOptions): Promise<number[][]> {
  return sampleWith(stepper, options, argmax);
}

/** Sampling from the smallest set of tokens whose probability reaches `p` [Holtzman et al. 2020]; the same seed gives the same texts. Throws a HybridmedError for a p outside (0, 1] or a temperature that is not positive. */
export async function nucleusSearch(
  stepper: Stepper,
  { p = 0.9, temperature = 1, seed, ...options }: SearchOptions & { p?: number; temperature?: number; seed: number },
): Promise<number[][]> {
  if (!(p > 0 && p <= 1)) throw new HybridmedError(`nucleus search: p is ${p}; give a fraction above 0 and up to 1`);
  if (!(temperature > 0)) throw new HybridmedError(`nucleus search: temperature is ${temperature}; give a number above 0 (greedy search is its limit at 0)`);
  return sampleWith(stepper, options, (logits, study, position) => {
    const scaled = temperature === 1 ? logits : logits.map((value) => value / temperature);
    const [order, total] = [descending(scaled), logTotal(scaled)];
    const probabilities: number[] = [];
    let mass = 0;
    for (let rank = 0; rank < order.length && mass < p; rank++) mass += probabilities[rank] = Math.exp(scaled[order[rank]!]! - total);
    let remaining = uniformAt([mix32(seed + 0x5bd1e995), mix32(position)], 7, study) * mass;
    const drawn = probabilities.findIndex((probability) => (remaining -= probability) <= 0);
    return order[drawn < 0 ? probabilities.length - 1 : drawn]!;
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
  await stepper.start(studies, width);
  let live: Live[][] = Array.from({ length: studies }, (_, study) => [{ ids: [], logProbability: 0, row: study * width }]);
  const finished: Hypothesis[][] = live.map(() => []);
  const score = (logProbability: number, length: number) => logProbability / length ** alpha;
  let batch: readonly number[] = [...live.keys()];
  for (let position = 0; position < maxTokens; position++) {
    signal?.throwIfAborted();
    const staying = stayingPlaces(batch, (study) => live[study]!.length > 0);
    if (staying.length === 0) break;
    batch = staying.map((place) => batch[place]!);
    const ids = new Int32Array(batch.length * width).fill(special.cls);
    const parents = Int32Array.from(ids, (_, row) => staying[Math.floor(row / width)]! * width + (row % width));
    batch.forEach((study, place) => {
      live[study] = live[study]!.map((hypothesis, i) => {
        const row = place * width + i;
        ids[row] = hypothesis.ids.at(-1) ?? special.cls;
        parents[row] = hypothesis.row;
        return { ...hypothesis, row };
      });
    });
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
function continuations(hypotheses: readonly Live[], logits: Scores, vocabulary: number, width: number): Live[] {
  const all = hypotheses.flatMap(({ ids, logProbability, row }) => {
    const own = logits.subarray(row * vocabulary, (row + 1) * vocabulary);
    const total = logTotal(own);
    return topIndices(own, 2 * width).map((id) => ({ ids, id, logProbability: logProbability + (own[id]! - total), row }));
  });
  const best = all.toSorted((a, b) => b.logProbability - a.logProbability).slice(0, 2 * width);
  return best.map(({ ids, id, logProbability, row }) => ({ ids: [...ids, id], logProbability, row }));
}
