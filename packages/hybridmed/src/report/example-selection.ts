// Which studies a report shows: evenly spaced ones, and failures by rule; none are picked by eye.
import type { Example } from '@hybridmed/tasks/node';

/** `count` of the items, evenly spaced, in order. */
export function evenlySpaced<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / count)]!);
}

/** A study that fails by a rule: how badly, and why. */
interface Failure {
  readonly severity: number;
  readonly reason: string;
}

/** A rule that finds failures; `detect` gives undefined for a study that does not fail by it. */
interface FailureRule {
  readonly title: string;
  readonly rule: string;
  detect(example: Example): Failure | undefined;
}

const list = (names: readonly string[]): string => names.join(', ').toLowerCase();

const rules: readonly FailureRule[] = [
  {
    title: 'Missed or invented findings',
    rule: 'Most findings missing from, or added to, the impression generated from the image, by the rule labeller.',
    detect: ({ labels }) => {
      if (!labels?.image) return undefined;
      const missed = labels.truth.filter((name) => !labels.image!.includes(name));
      const invented = labels.image.filter((name) => !labels.truth.includes(name));
      if (missed.length + invented.length === 0) return undefined;
      const parts = [...(missed.length > 0 ? [`missed: ${list(missed)}`] : []), ...(invented.length > 0 ? [`invented: ${list(invented)}`] : [])];
      return { severity: missed.length + invented.length, reason: parts.join('; ') };
    },
  },
  {
    title: 'Unexpected impressions',
    rule: 'Highest loss per token of the true impression, from the image.',
    detect: ({ loss }) => {
      if (loss.image === undefined) return undefined;
      const perToken = loss.image / loss.tokens;
      return { severity: perToken, reason: `${perToken.toFixed(2)} nats per token` };
    },
  },
  {
    title: 'Misleading images',
    rule: "The true impression is less likely from the study's own image than from other patients'.",
    detect: ({ loss }) => {
      if (loss.image === undefined || loss.mismatchedImage === undefined || loss.image <= loss.mismatchedImage) return undefined;
      const [own, other] = [loss.image / loss.tokens, loss.mismatchedImage / loss.tokens];
      return { severity: own - other, reason: `${own.toFixed(2)} nats per token with its own image, ${other.toFixed(2)} with other patients'` };
    },
  },
  {
    title: 'Impressions not retrieved by their images',
    rule: 'The study’s own impression has the lowest rank in the retrieval by its image.',
    detect: ({ rank }) => (rank === undefined || rank <= 10 ? undefined : { severity: rank, reason: `its own impression has rank ${rank}` }),
  },
];

/** A rule's worst cases, worst first. */
export interface RuleCases {
  readonly title: string;
  readonly rule: string;
  readonly cases: readonly { readonly id: string; readonly reason: string }[];
}

/** The worst `count` studies by each rule that applies to these examples at all. */
export function failuresByRule(examples: readonly Example[], count: number): RuleCases[] {
  return rules.flatMap(({ title, rule, detect }) => {
    const failures = examples.flatMap((example) => {
      const failure = detect(example);
      return failure ? [{ id: example.id, ...failure }] : [];
    });
    const worst = failures.toSorted((a, b) => b.severity - a.severity).slice(0, count);
    return worst.length === 0 ? [] : [{ title, rule, cases: worst.map(({ id, reason }) => ({ id, reason })) }];
  });
}
