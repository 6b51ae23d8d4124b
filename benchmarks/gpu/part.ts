// What a part of the GPU report is, and how parts share the time: each may run until what later parts are promised begins, so that the whole
// holds its limit and time that one part leaves is another's.
import type { Capabilities } from '@hybridmed/kernels';
import type { AdapterName } from '../harness/adapter.ts';
import type { Roofline, Row } from '../harness/row.ts';
import type { Absence } from '../peers/measure.ts';

/** What every part knows. */
export interface PartContext {
  readonly device: AdapterName;
  readonly adapter: string;
  readonly software: boolean;
  readonly capabilities: Capabilities;
  readonly roofline: Roofline;
  /** Tiny shapes, for adapters that run on the processor. */
  readonly quick: boolean;
  /** The interpreter that PyTorch is looked for in. */
  readonly python: string;
  /** When the part has to end, by `performance.now()`. */
  readonly until: number;
  /** Progress. */
  readonly say: (line: string) => void;
}

/** A table of a part. */
export interface PartTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What a part adds to as it goes, so that what was measured before a failure stays. */
export interface Findings {
  readonly rows: Row[];
  readonly tables: PartTable[];
  readonly notes: string[];
  /** What was not measured, and why: out of time, or not possible here. */
  readonly skipped: string[];
  /** Cases whose outputs are wrong. */
  readonly wrong: string[];
  readonly absent: Absence[];
}

/** A part. */
export interface Part {
  readonly name: string;
  readonly title: string;
  /** Seconds that it is promised: of a whole report, and of a quick one. */
  readonly seconds: readonly [whole: number, quick: number];
  readonly run: (context: PartContext, findings: Findings) => Promise<void>;
}

/** A part that ended, in whichever way. */
export interface PartReport extends Findings {
  readonly name: string;
  readonly title: string;
  readonly status: 'done' | 'skipped' | 'failed';
  readonly reason?: string;
  readonly seconds: number;
}

/** Least seconds worth starting a part for. */
const leastSeconds = 2;

/** Seconds that are left to a part. */
export const secondsLeft = ({ until }: Pick<PartContext, 'until'>): number => (until - performance.now()) / 1000;

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!;

/** Runs the parts in their order until `end` (by `performance.now()`). A part that fails stops no other. */
export async function runParts(parts: readonly Part[], end: number, context: Omit<PartContext, 'until'>): Promise<PartReport[]> {
  const reports: PartReport[] = [];
  for (const [index, { name, title, run, seconds: promised }] of parts.entries()) {
    const later = parts.slice(index + 1).reduce((sum, { seconds }) => sum + seconds[context.quick ? 1 : 0], 0);
    const until = end - 1000 * later;
    const findings: Findings = { rows: [], tables: [], notes: [], skipped: [], wrong: [], absent: [] };
    const begin = performance.now();
    const report = (status: PartReport['status'], reason?: string) =>
      reports.push({
        name,
        title,
        status,
        ...(reason === undefined ? {} : { reason }),
        seconds: Math.round((performance.now() - begin) / 100) / 10,
        ...findings,
      });
    if (promised[context.quick ? 1 : 0] === 0) {
      report('skipped', 'not part of a quick report');
      continue;
    }
    if (secondsLeft({ until }) < leastSeconds) {
      report('skipped', 'out of time: earlier parts took longer than they were promised');
      context.say(`${title}: skipped, out of time`);
      continue;
    }
    context.say(`${index + 1} of ${parts.length}: ${title} (up to ${Math.round(secondsLeft({ until }))} s)`);
    try {
      await run({ ...context, until }, findings);
      report('done');
    } catch (error) {
      report('failed', reasonOf(error));
      context.say(`${title}: failed: ${reasonOf(error)}`);
    }
  }
  return reports;
}
