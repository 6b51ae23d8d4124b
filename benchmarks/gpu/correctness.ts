// Every kernel's case against its float64 reference, on the adapter: on hardware in every variant that the adapter offers.
import { prepareKernel } from '@hybridmed/webgpu';
import { openAdapter } from '../harness/adapter.ts';
import { inputOf, relativeError } from '../harness/check.ts';
import type { SelectedCase } from '../kernels/select.ts';
import { selectCases } from '../kernels/select.ts';
import type { Findings, PartContext } from './part.ts';
import { secondsLeft } from './part.ts';

interface Check {
  readonly selected: SelectedCase;
  readonly variant: string | undefined;
}

interface Count {
  checked: number;
  worst: number;
}

/** Cases that are checked at once: shaders of several are compiled in parallel. */
const lanes = 4;

/** A small case in each variant; on a processor, where compiling takes long, in the one that is taken by rule. */
function checksOf({ capabilities, software }: PartContext): Check[] {
  return selectCases({ small: true })
    .filter(({ one }) => !one.large)
    .flatMap((selected): Check[] => {
      const names = selected.kernel.variants?.names(selected.one.problem, capabilities) ?? [];
      return names.length === 0 || software ? [{ selected, variant: undefined }] : names.map((variant) => ({ selected, variant }));
    });
}

async function errorOf(gpu: GPUDevice, { selected: { kernel, one }, variant }: Check): Promise<number> {
  const inputs = kernel.arrays(one.problem).inputs.map((spec, index) => inputOf(one, spec, index));
  const prepared = await prepareKernel(gpu, kernel, one.problem, inputs, variant === undefined ? {} : { variant });
  try {
    return relativeError(await prepared.run(), kernel.reference(one.problem, inputs));
  } finally {
    prepared.release();
  }
}

/** The part. */
export async function correctness(context: PartContext, findings: Findings): Promise<void> {
  const all = checksOf(context);
  const possible = all.filter(({ selected: { one } }) => !one.f16 || context.capabilities.f16);
  if (possible.length < all.length) findings.skipped.push(`${all.length - possible.length} cases of 16-bit floats: the adapter has none in shaders`);
  const counts = new Map<string, Count>();
  const device = await openAdapter(context.device);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < possible.length && secondsLeft(context) > 0) {
      const check = possible[next++]!;
      const { kernel, one, pass } = check.selected;
      const name = `${kernel.name}: ${one.name}, ${pass}${check.variant === undefined ? '' : ` (${check.variant})`}`;
      const error = await errorOf(device.gpu, check).catch((failure: unknown) =>
        failure instanceof Error ? failure.message.split('\n')[0]! : String(failure),
      );
      if (typeof error === 'string') findings.wrong.push(`${name}: ${error}`);
      else if (error > one.tolerance) findings.wrong.push(`${name}: error ${error.toExponential(1)}, bound ${one.tolerance.toExponential(1)}`);
      const count = counts.get(kernel.name) ?? { checked: 0, worst: 0 };
      count.checked++;
      if (typeof error === 'number') count.worst = Math.max(count.worst, one.tolerance > 0 ? error / one.tolerance : error > 0 ? Infinity : 0);
      counts.set(kernel.name, count);
      if (next % 50 === 0) context.say(`  ${next} of ${possible.length} cases`);
    }
  };
  try {
    await Promise.all(Array.from({ length: lanes }, lane));
  } finally {
    await device.close();
  }
  const checked = [...counts.values()].reduce((sum, count) => sum + count.checked, 0);
  if (checked < possible.length) findings.skipped.push(`${possible.length - checked} of ${possible.length} cases: out of time`);
  findings.notes.push(
    `${checked} cases checked, ${findings.wrong.length} wrong. Each output is compared with a reference computed on the host, sums in float64.`,
  );
  findings.tables.push({
    title: 'Cases checked',
    head: ['kernel', 'cases', 'largest error, of the bound'],
    rows: [...counts].map(([kernel, { checked: cases, worst }]) => [kernel, String(cases), `${(100 * worst).toFixed(0)} %`]),
  });
}
