// Which studies a page shows: evenly spaced ones, and failures by rule. Nobody picks by eye.
import type { Example } from '@hybridmed/tasks/node';

/** `count` of the items, evenly spaced, in order. */
export function evenlySpaced<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / count)]!);
}

/** A rule that sees failure in a study: how bad it is, and what it saw. Undefined where it sees none. */
interface Rule {
  readonly title: string;
  readonly rule: string;
  judge(example: Example): { readonly badness: number; readonly reason: string } | undefined;
}

const list = (names: readonly string[]): string => names.join(', ').toLowerCase();

const rules: readonly Rule[] = [
  {
    title: 'Findings it missed or made up',
    rule: 'The most findings that the film’s impression lacks or adds, by the rule labeller.',
    judge: ({ labels }) => {
      if (!labels?.image) return undefined;
      const missed = labels.truth.filter((name) => !labels.image!.includes(name));
      const added = labels.image.filter((name) => !labels.truth.includes(name));
      if (missed.length + added.length === 0) return undefined;
      const parts = [...(missed.length > 0 ? [`missed: ${list(missed)}`] : []), ...(added.length > 0 ? [`made up: ${list(added)}`] : [])];
      return { badness: missed.length + added.length, reason: parts.join('; ') };
    },
  },
  {
    title: 'Impressions it did not expect',
    rule: 'The greatest loss per token of the true impression, given the film.',
    judge: ({ loss }) => {
      if (loss.image === undefined) return undefined;
      const value = loss.image / loss.tokens;
      return { badness: value, reason: `${value.toFixed(2)} nats per token` };
    },
  },
  {
    title: 'Films that misled it',
    rule: "The true impression is less likely from the study's own film than from another study's.",
    judge: ({ loss }) => {
      if (loss.image === undefined || loss.mismatchedImage === undefined || loss.image <= loss.mismatchedImage) return undefined;
      const [own, other] = [loss.image / loss.tokens, loss.mismatchedImage / loss.tokens];
      return { badness: own - other, reason: `${own.toFixed(2)} nats per token with its own film, ${other.toFixed(2)} with another's` };
    },
  },
  {
    title: 'Impressions that its films do not find',
    rule: 'The study’s own impression is farthest down the list that its film orders.',
    judge: ({ rank }) => (rank === undefined || rank <= 10 ? undefined : { badness: rank, reason: `its own impression is at place ${rank}` }),
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
  return rules.flatMap(({ title, rule, judge }) => {
    const judged = examples.flatMap((example) => {
      const verdict = judge(example);
      return verdict ? [{ id: example.id, ...verdict }] : [];
    });
    const worst = judged.toSorted((a, b) => b.badness - a.badness).slice(0, count);
    return worst.length === 0 ? [] : [{ title, rule, cases: worst.map(({ id, reason }) => ({ id, reason })) }];
  });
}
