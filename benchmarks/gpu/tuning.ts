// What measuring kernels' variants gains over choosing them by rule: on products, attention and convolutions at the shapes of models, and on a step.
import { openAdapter } from '../harness/adapter.ts';
import { median } from '../harness/row.ts';
import { measureCase } from '../kernels/measure.ts';
import { selectCases } from '../kernels/select.ts';
import type { Findings, PartContext } from './part.ts';
import { secondsLeft } from './part.ts';
import { runStep } from './steps.ts';

const number = (ms: number): string => (ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3));

/** The part. */
export async function tuning(context: PartContext, findings: Findings): Promise<void> {
  const { capabilities, quick } = context;
  const several = selectCases({ small: quick }).filter(
    ({ kernel, one }) => Boolean(one.large) !== quick && !one.f16 && (kernel.variants?.names(one.problem, capabilities).length ?? 0) > 1,
  );
  // One of each kernel and pass first, so that a short time shows something of each.
  const kinds = new Set<string>();
  const first = several.filter(({ kernel, pass }) => !kinds.has(`${kernel.name} ${pass}`) && kinds.add(`${kernel.name} ${pass}`));
  const cases = quick ? first : [...first, ...several.filter((one) => !first.includes(one))];
  const rows: string[][] = [];
  if (!quick) await ofStep(context, findings, rows);
  const device = await openAdapter(context.device);
  try {
    for (const [index, selected] of cases.entries()) {
      const left = secondsLeft(context);
      if (left <= 0) {
        findings.skipped.push(`${cases.length - index} of ${cases.length} cases with variants: out of time`);
        break;
      }
      const { kernel, one, pass } = selected;
      const seconds = quick ? 0.05 : 0.1;
      const byRule = await measureCase(device.gpu, selected, { seconds, check: false });
      const measured = await measureCase(device.gpu, selected, { seconds, check: false, tune: Math.max(0.1, Math.min(2, left)) });
      const [off, on] = [median(byRule.samples), median(measured.samples)];
      const chosen = measured.variant ?? 'by rule';
      const rule = kernel.variants!.names(one.problem, capabilities)[0]!;
      rows.push([`${kernel.name}: ${one.name}, ${pass}`, `${number(off)} (${rule})`, `${number(on)} (${chosen})`, (off / on).toFixed(2)]);
      context.say(`  ${kernel.name}: ${one.name}, ${pass}: ${number(off)} ms by rule, ${number(on)} ms measured (${chosen})`);
    }
  } finally {
    await device.close();
  }
  findings.tables.push({ title: 'By rule and measured', head: ['case', 'ms by rule (variant)', 'ms as measured (variant)', 'times as fast'], rows });
}

async function ofStep(context: PartContext, findings: Findings, rows: string[][]): Promise<void> {
  const step = (mode: 'off' | 'measure') =>
    runStep(context.device, { preset: 'small', precision: 'f32', tuning: mode, steps: 8 }, secondsLeft(context) * (mode === 'off' ? 0.4 : 0.7));
  try {
    const [off, on] = [await step('off'), await step('measure')];
    const ratio = off.millisecondsPerStep / on.millisecondsPerStep;
    rows.push(['step of small, f32', number(off.millisecondsPerStep), number(on.millisecondsPerStep), ratio.toFixed(2)]);
  } catch (error) {
    findings.skipped.push(`step of small with tuning: ${(error as Error).message}`);
  }
}
