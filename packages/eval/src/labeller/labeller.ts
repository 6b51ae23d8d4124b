// A rule labeller of radiology reports: which of fourteen observations a text asserts, doubts or denies, and on which side.
import type { Certainty } from './certainty.ts';
import { certaintyOf } from './certainty.ts';
import type { MentionedLabel, ReportLabel } from './labels.ts';
import { mentionedLabels, mentions, normals, reportLabels } from './labels.ts';
import type { ReportSide } from './sides.ts';
import { sidesOf } from './sides.ts';

/** What a text says of one observation. Sides are those of its assertions (of its doubts, where it asserts nothing). */
export interface LabelStatement {
  readonly certainty: Certainty;
  readonly sides: readonly ReportSide[];
}

/** What a text says; an observation that it does not mention is left out. "No Finding" is always there. */
export type ReportLabels = Readonly<Partial<Record<ReportLabel, LabelStatement>>>;

// Reports are a page at most; what follows is not read, so that no text takes long.
const longest = 20_000;

/** Clauses of a text, lower-cased and without accents, which generated texts lack. "Dr." and numbers of a list end no clause that matters. */
const clausesOf = (text: string): string[] =>
  text
    .slice(0, longest)
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .split(/[.;?!](?=\s|$)|\s\d+\.\s/);

interface Mention<L extends string> {
  readonly label: L;
  readonly start: number;
  readonly end: number;
  readonly certainty: Certainty;
}

type Words<L extends string> = Readonly<Record<L, RegExp>>;

function mentionsOf<L extends string>(clause: string, words: Words<L>, usual?: Readonly<Partial<Record<L, RegExp>>>): Mention<L>[] {
  const inClause: Mention<L>[] = [];
  for (const label of Object.keys(words) as L[]) {
    for (const { index, 0: found } of clause.matchAll(words[label])) {
      const end = index + found.length;
      inClause.push({ label, start: index, end, certainty: certaintyOf(clause, index, end) });
    }
    const normal = usual?.[label];
    // "The heart is not enlarged but borderline" is no normal heart: a mention wins over a statement of normality.
    if (normal && !inClause.some((mention) => mention.label === label))
      for (const { index, 0: found } of clause.matchAll(normal)) inClause.push({ label, start: index, end: index + found.length, certainty: 'absent' });
  }
  return inClause.toSorted((a, b) => a.start - b.start);
}

const order: readonly Certainty[] = ['present', 'uncertain', 'absent'];

/** Certainty of each label of a table of words that a text mentions: present if it is asserted anywhere, else uncertain if doubted anywhere, else absent. */
export function certaintiesOf<L extends string>(text: string, words: Words<L>): ReadonlyMap<L, Certainty> {
  const certainties = new Map<L, Certainty>();
  for (const { label, certainty } of clausesOf(text).flatMap((clause) => mentionsOf(clause, words))) {
    const known = certainties.get(label);
    if (!known || order.indexOf(certainty) < order.indexOf(known)) certainties.set(label, certainty);
  }
  return certainties;
}

/**
 * Labels of a report's text by rules written for this package: mentions by words, denial and doubt by the words around them, sides by
 * the nearest side word. An observation that is asserted anywhere is present; else doubted anywhere, uncertain; else absent. "No
 * Finding" is present where no disease is present or uncertain (devices are none). English only; see the README for its agreement
 * with other labels and for its limits.
 */
export function labelReport(text: string): ReportLabels {
  const statements = new Map<MentionedLabel, { certainty: Certainty; sides: Set<ReportSide> }>();
  for (const clause of clausesOf(text)) {
    const all = mentionsOf(clause, mentions, normals);
    for (const { label, start, end, certainty } of all) {
      const known = statements.get(label);
      const others = all.filter((other) => other.label !== label);
      const sides = certainty === 'absent' ? [] : sidesOf(clause, start, end, others);
      if (!known || order.indexOf(certainty) < order.indexOf(known.certainty)) statements.set(label, { certainty, sides: new Set(sides) });
      else if (known.certainty === certainty) for (const side of sides) known.sides.add(side);
    }
  }
  const diseased = [...statements].some(([label, { certainty }]) => label !== 'Support Devices' && certainty !== 'absent');
  const labels: [ReportLabel, LabelStatement][] = [['No Finding', { certainty: diseased ? 'absent' : 'present', sides: [] }]];
  for (const label of mentionedLabels) {
    const statement = statements.get(label);
    if (statement) labels.push([label, { certainty: statement.certainty, sides: (['left', 'right'] as const).filter((side) => statement.sides.has(side)) }]);
  }
  return Object.fromEntries(labels);
}

/** A text's labels as 0 and 1 for `labelF1`: 1 for what it asserts, and for what it doubts where `uncertain` is 1. */
export function labelSet(text: string, { uncertain = 1 }: { uncertain?: 0 | 1 } = {}): Record<ReportLabel, 0 | 1> {
  const said = labelReport(text);
  const value = (label: ReportLabel): 0 | 1 => {
    const certainty = said[label]?.certainty;
    return certainty === 'present' ? 1 : certainty === 'uncertain' ? uncertain : 0;
  };
  return Object.fromEntries(reportLabels.map((label) => [label, value(label)])) as Record<ReportLabel, 0 | 1>;
}
