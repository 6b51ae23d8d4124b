// Impressions that may be written by likelihood ratio: those that training studies share, and those that beam search finds.
import type { Loader, Study } from '@hybridmed/data';
import { normalizeForComparison } from '@hybridmed/eval';
import { commonestTexts } from '@hybridmed/eval/generation';
import { labelSet } from '@hybridmed/eval/labeller';
import type { RatioCandidate } from '@hybridmed/model';
import { maxRatioCharacters } from '@hybridmed/model';
import type { ModelSession } from '@hybridmed/model/session';

/** How many of each kind. */
export interface CandidateCounts {
  /** The most frequent training impressions: 40. */
  readonly frequent?: number;
  /** The most frequent of those that name a finding: 60. */
  readonly naming?: number;
  /** Width of beam search on validation images, whose hypotheses are candidates too; 0 for none, the default. */
  readonly beams?: number;
}

/** Whether an impression names a finding, by the rule labeller. */
export const namesFinding = (impression: string): boolean => labelSet(impression)['No Finding'] === 0;

/** A text as one line. */
const asLine = (text: string): string => text.replaceAll(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();

/** Texts counted by what they say, each as it is first written; those that no checkpoint would hold are left out. */
function distinct(texts: readonly string[]): { readonly keys: readonly string[]; readonly written: ReadonlyMap<string, string> } {
  const written = new Map<string, string>();
  const keys = texts.map(asLine).flatMap((text) => {
    const key = normalizeForComparison(text);
    if (key === '' || text.length > maxRatioCharacters) return [];
    if (!written.has(key)) written.set(key, text);
    return [key];
  });
  return { keys, written };
}

/** Training impressions that may be written, the commonest first. */
export function trainingCandidates(train: readonly Study[], { frequent = 40, naming = 60 }: CandidateCounts = {}): RatioCandidate[] {
  const { keys, written } = distinct(train.map(({ impression }) => impression));
  const names = new Map([...written].map(([key, text]) => [key, namesFinding(text)]));
  const named = keys.filter((key) => names.get(key));
  const chosen = new Set([...commonestTexts(keys, frequent), ...commonestTexts(named, naming)]);
  return [...chosen].map((key) => ({ text: written.get(key)!, names: names.get(key)! }));
}

// As many as there are of training impressions.
const mostFromBeams = 100;

/** What beam search writes for a loader's images, winners and other hypotheses, the commonest first. */
async function beamCandidates(model: ModelSession, loader: Loader, width: number): Promise<RatioCandidate[]> {
  const texts: string[] = [];
  for await (const { arrays } of loader.batches())
    for (const { text, others = [] } of await model.generate({ image: arrays.image }, { search: { kind: 'beam', width } }))
      texts.push(text, ...others.map((other) => other.text));
  const { keys, written } = distinct(texts);
  return commonestTexts(keys, mostFromBeams).map((key) => ({ text: written.get(key)!, names: namesFinding(written.get(key)!) }));
}

/** All candidates, each once: training impressions before what beam search finds on the validation images. */
export async function ratioCandidates(
  model: ModelSession,
  { train, validation }: { readonly train: readonly Study[]; readonly validation: Loader },
  counts: CandidateCounts = {},
): Promise<RatioCandidate[]> {
  const candidates = trainingCandidates(train, counts);
  if (!counts.beams) return candidates;
  const known = new Set(candidates.map(({ text }) => normalizeForComparison(text)));
  const found = await beamCandidates(model, validation, counts.beams);
  return [...candidates, ...found.filter(({ text }) => !known.has(normalizeForComparison(text)))];
}
