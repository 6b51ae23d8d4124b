// Compares two runs case by case: slower beyond noise, faster, wrong or right.
import type { Row } from '../harness/row.ts';

/** The result of comparing a case. */
export type Verdict = 'slower' | 'faster' | 'same' | 'now wrong' | 'now right' | 'gone' | 'new';

/** A case in both runs, or in one. */
export interface Comparison {
  readonly kernel: string;
  readonly case: string;
  readonly pass: string;
  readonly engine: string;
  readonly adapter: string;
  readonly before: number | null;
  readonly after: number | null;
  /** Time after over time before. */
  readonly ratio: number | null;
  readonly verdict: Verdict;
}

/** Minimum ratio of medians that counts, if the samples of both runs do not overlap. */
const minRatio = 1.05;

const keyOf = ({ engine, adapter, kernel, case: name, pass }: Row): string => JSON.stringify([engine, adapter, kernel, name, pass]);
const [low, high] = [(row: Row) => Math.min(...row.samples), (row: Row) => Math.max(...row.samples)];

function verdictOf(a: Row, b: Row): Verdict {
  if (a.ok !== b.ok) return b.ok ? 'now right' : 'now wrong';
  if (b.ms > a.ms * minRatio && low(b) > high(a)) return 'slower';
  return b.ms * minRatio < a.ms && high(b) < low(a) ? 'faster' : 'same';
}

/**
 * Compares rows that agree in kernel, case, pass, engine and adapter. Slower (or faster) beyond noise: every sample of one run lies
 * above every sample of the other, and the medians differ by more than 5 %. By chance alone, of 5 and 5 samples, that happens once in 126.
 */
export function compareRows(before: readonly Row[], after: readonly Row[]): Comparison[] {
  const [old, fresh] = [before, after].map((rows) => new Map(rows.map((row) => [keyOf(row), row]))) as [Map<string, Row>, Map<string, Row>];
  return [...new Set([...old.keys(), ...fresh.keys()])].map((key): Comparison => {
    const [a, b] = [old.get(key), fresh.get(key)];
    const { kernel, case: name, pass, engine, adapter } = (a ?? b)!;
    return {
      kernel,
      case: name,
      pass,
      engine,
      adapter,
      before: a?.ms ?? null,
      after: b?.ms ?? null,
      ratio: a && b ? Number((b.ms / a.ms).toPrecision(4)) : null,
      verdict: a && b ? verdictOf(a, b) : a ? 'gone' : 'new',
    };
  });
}
