// Compares two runs case by case: slower beyond noise, faster, wrong or right.
import type { Row } from '../harness/row.ts';

/** The result of comparing a case. */
export type Verdict = 'slower' | 'faster' | 'same' | 'unclear' | 'now wrong' | 'now right' | 'gone' | 'new';

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
  /** Of an unclear case, why nothing can be told: too few samples, or how far they spread. */
  readonly reason?: string;
}

/** Minimum ratio of medians that counts, if the samples of both runs do not overlap. */
const minRatio = 1.05;

const keyOf = ({ engine, adapter, kernel, case: name, pass }: Row): string => JSON.stringify([engine, adapter, kernel, name, pass]);
const [low, high] = [(row: Row) => Math.min(...row.samples), (row: Row) => Math.max(...row.samples)];

/** Distance of the upper from the lower quartile as a fraction of the median: half of it is about as far as a median of a few samples wanders. */
function spread({ samples, ms }: Row): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (fraction: number) => {
    const place = fraction * (sorted.length - 1);
    const below = Math.floor(place);
    return sorted[below]! + (place - below) * (sorted[Math.ceil(place)]! - sorted[below]!);
  };
  return (at(0.75) - at(0.25)) / ms;
}

/** Why two times that are not apart cannot be called the same: a change that counts could hide in the noise of either. */
function noiseOf(a: Row, b: Row): string | undefined {
  const few = Math.min(a.samples.length, b.samples.length);
  if (few < 2) return 'one sample tells nothing of the noise';
  const [before, after] = [spread(a), spread(b)];
  const wide = Math.max(before, after);
  const apart = Math.max(a.ms, b.ms) > Math.min(a.ms, b.ms) * minRatio;
  const noise = `the samples ${before > after ? 'before' : 'after'} spread over ${(100 * wide).toFixed(0)} % of their median`;
  if (apart) return `medians differ, but samples overlap: ${noise}`;
  return wide > 2 * (minRatio - 1) ? noise : undefined;
}

function verdictOf(a: Row, b: Row): Pick<Comparison, 'verdict' | 'reason'> {
  if (a.ok !== b.ok) return { verdict: b.ok ? 'now right' : 'now wrong' };
  const enough = Math.min(a.samples.length, b.samples.length) > 1;
  if (enough && b.ms > a.ms * minRatio && low(b) > high(a)) return { verdict: 'slower' };
  if (enough && b.ms * minRatio < a.ms && high(b) < low(a)) return { verdict: 'faster' };
  const reason = noiseOf(a, b);
  return reason === undefined ? { verdict: 'same' } : { verdict: 'unclear', reason };
}

/**
 * Compares rows that agree in kernel, case, pass, engine and adapter. Slower (or faster) beyond noise: every sample of one run lies
 * above every sample of the other, and the medians differ by more than 5 %. By chance alone, of 5 and 5 samples, that happens once in 126.
 * The same: neither, and so little noise that a difference of 5 % would have shown; else unclear.
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
      ...(a && b ? verdictOf(a, b) : { verdict: a ? ('gone' as const) : ('new' as const) }),
    };
  });
}
