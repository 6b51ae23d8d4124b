// This project against each peer: geometric means over the cases that both have right.
import type { Row } from '../harness/row.ts';

/** Speedup over a peer, for one kernel's cases of one pass. `best` is the best competitor per case. */
export interface SummaryLine {
  readonly kernel: string;
  readonly pass: string;
  readonly peer: string;
  readonly cases: number;
  /** Geometric mean of the peer's time over ours. */
  readonly speedup: number;
  readonly worst: number;
}

const own = 'hybridmed';
const mean = (values: readonly number[]): number => Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
const round = (value: number): number => Number(value.toPrecision(3));

/** Lines by kernel, pass and peer; wrong rows count for nobody. */
export function summarize(rows: readonly Row[]): SummaryLine[] {
  const right = rows.filter(({ ok }) => ok);
  const ratios = new Map<string, number[]>();
  for (const ours of right.filter(({ engine }) => engine === own)) {
    const peers = right.filter((row) => row.engine !== own && row.kernel === ours.kernel && row.case === ours.case && row.pass === ours.pass);
    if (peers.length === 0) continue;
    const best = peers.reduce((a, b) => (b.ms < a.ms ? b : a));
    for (const [peer, ms] of [...peers.map((row) => [row.engine, row.ms] as const), ['best', best.ms] as const]) {
      const key = JSON.stringify([ours.kernel, ours.pass, peer]);
      ratios.set(key, [...(ratios.get(key) ?? []), ms / ours.ms]);
    }
  }
  return [...ratios].map(([key, values]) => {
    const [kernel, pass, peer] = JSON.parse(key) as [string, string, string];
    return { kernel, pass, peer, cases: values.length, speedup: round(mean(values)), worst: round(Math.min(...values)) };
  });
}
