// Other WebGPU engines on the same adapter and inputs: as many of the peers suite's cases as the time allows, one of each kernel and pass first.
import { UsageError } from '../harness/options.ts';
import { makeRow, rowLine } from '../harness/row.ts';
import { selectCases } from '../kernels/select.ts';
import type { PeerCase } from '../peers/cases.ts';
import { kernelCase } from '../peers/cases.ts';
import { EngineProcess, engineNames } from '../peers/engine-process.ts';
import { installPeers } from '../peers/install.ts';
import { measureOn } from '../peers/measure.ts';
import { summarize } from '../peers/summary.ts';
import type { Findings, PartContext } from './part.ts';
import { secondsLeft } from './part.ts';

/** Seconds an engine may take for a case. */
const limit = 20;

/** What is compared first. */
const order = ['matmul', 'attention', 'convolution', 'softmax', 'layer-norm', 'map'];
const rank = (kernel: string): number => (order.includes(kernel) ? order.indexOf(kernel) : order.length);

/** Kernels whose small cases have ids outside their table, on which engines differ by design. */
const strangeIds = ['cross-entropy', 'scatter-add'];

function casesOf(quick: boolean): PeerCase[] {
  const all = selectCases({ small: quick }).filter(
    ({ kernel, one }) => Boolean(one.large) !== quick && !one.f16 && !(quick && strangeIds.includes(kernel.name)),
  );
  const kinds = new Set<string>();
  const first = all.filter(({ kernel, pass }) => !kinds.has(`${kernel.name} ${pass}`) && kinds.add(`${kernel.name} ${pass}`));
  const sorted = first.toSorted((a, b) => rank(a.kernel.name) - rank(b.kernel.name));
  return (quick ? sorted : [...sorted, ...all.filter((one) => !first.includes(one))]).map(kernelCase);
}

/** The part. */
export async function peers(context: PartContext, findings: Findings): Promise<void> {
  const cases = casesOf(context.quick);
  if (cases.length === 0) throw new UsageError('no case to compare');
  await installPeers(secondsLeft(context));
  const engines = engineNames.map((name) => new EngineProcess(name, context.device, Math.min(limit, secondsLeft(context))));
  try {
    for (const [index, one] of cases.entries()) {
      if (secondsLeft(context) < 1) {
        findings.skipped.push(`${cases.length - index} of ${cases.length} cases: out of time`);
        break;
      }
      const { kernel, case: name, pass } = one;
      for (const { engine, outcome } of await measureOn(engines, one, { seconds: context.quick ? 0.02 : 0.1, until: context.until })) {
        if ('reason' in outcome) {
          findings.absent.push({ engine, kernel, case: name, pass, reason: outcome.reason });
          continue;
        }
        const row = makeRow({ suite: 'peers', kernel, case: name, pass, adapter: context.adapter, engine }, one.cost, context.roofline, outcome);
        findings.rows.push(row);
        if (!row.ok && engine === 'hybridmed') findings.wrong.push(`${kernel}: ${name}, ${pass}: error ${row.error!.toExponential(1)}`);
        context.say(`  ${rowLine(row)}`);
      }
    }
  } finally {
    for (const engine of engines) engine.stop();
  }
  findings.tables.push({
    title: 'Times as fast as each engine, geometric means over the cases that both compute correctly',
    head: ['kernel, pass', 'engine', 'cases', 'mean', 'worst'],
    rows: summarize(findings.rows).map(({ kernel, pass, peer, cases: count, speedup, worst }) => [
      `${kernel}, ${pass}`,
      peer === 'best' ? 'best competitor per case' : peer,
      String(count),
      speedup.toFixed(2),
      worst.toFixed(2),
    ]),
  });
}
