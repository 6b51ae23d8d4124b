// One case on every engine, one after the other: each engine's first variant that is correct on the adapter counts.
import type { Numbers } from '@hybridmed/kernels';
import { relativeError } from '../harness/check.ts';
import type { Measured } from '../harness/row.ts';
import type { PeerCase } from './cases.ts';
import type { EngineName, EngineProcess } from './engine-process.ts';
import type { Task } from './task.ts';
import { variantsOf } from './task.ts';

/** Peers may round differently; they must compute the same result up to this error. */
const peerBound = 1e-4;

/** A case that an engine has no row for. */
export interface Absence {
  readonly engine: string;
  readonly kernel: string;
  readonly case: string;
  readonly pass: string;
  readonly reason: string;
}

/** The error of an engine's outputs; those that it lacks, such as a log-sum-exp, are not compared. */
function errorOf(outputs: readonly (Numbers | undefined)[], expected: readonly Numbers[]): number {
  const pairs = expected.flatMap((reference, i) => (outputs[i] ? [[outputs[i], reference] as const] : []));
  if (pairs.length === 0) return Infinity;
  return relativeError(
    pairs.map(([actual]) => actual),
    pairs.map(([, reference]) => reference),
  );
}

/** Measures an engine's first variant that is correct on this adapter, else its first. */
async function measureEngine(
  engine: EngineProcess,
  { kernel, bound: ownBound }: PeerCase,
  { task, expected, seconds }: { task: Task; expected: readonly Numbers[]; seconds: number },
): Promise<Measured | { reason: string }> {
  const bound = engine.name === 'hybridmed' ? ownBound : Math.max(ownBound, peerBound);
  let first: Measured | undefined;
  for (let variant = 0; variant < variantsOf(engine.name, kernel); variant++) {
    const answer = await engine.ask({ ...task, variant, seconds });
    if (answer.kind !== 'measured') {
      if (first) break;
      return { reason: answer.kind === 'absent' ? answer.reason : answer.kind };
    }
    const measured: Measured = { samples: answer.samples, clock: 'host', error: errorOf(answer.outputs, expected), bound };
    if (measured.error! <= bound) return measured;
    first ??= measured;
  }
  return first!;
}

/** What an engine measured, or why it has no row. */
export interface EngineOutcome {
  readonly engine: EngineName;
  readonly outcome: Measured | { readonly reason: string };
}

/** Measures a case on all engines, about `seconds` on each; those whose turn comes after `until`, by `performance.now()`, are left out with that reason. */
export async function measureOn(
  engines: readonly EngineProcess[],
  one: PeerCase,
  { seconds, until = Infinity }: { seconds: number; until?: number },
): Promise<EngineOutcome[]> {
  const work = { ...(await one.open()), seconds };
  const outcomes: EngineOutcome[] = [];
  for (const engine of engines) {
    const late = performance.now() > until;
    outcomes.push({ engine: engine.name, outcome: late ? { reason: 'out of time' } : await measureEngine(engine, one, work) });
  }
  return outcomes;
}
