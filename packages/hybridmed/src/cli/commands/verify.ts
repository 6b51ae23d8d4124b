// `hybridmed verify`: replays goldens on a device, to check that a GPU and its driver compute correctly.
import type { Comparison } from '@hybridmed/testing';
import type { DeviceInfo, Precision } from '@hybridmed/tensor';
import { option, several, string } from '@hybridmed/training/options';
import { defineCommand } from '../define-command.ts';
import { deviceOptions, jsonOption, precisionOption } from '../options/shared.ts';
import { printJson, table } from '../output.ts';

/** What was compared, and whether everything is within its bound. */
interface Verification {
  readonly device: DeviceInfo;
  readonly ok: boolean;
  readonly comparisons: readonly Comparison[];
}

function formatVerification({ device, comparisons }: Verification, precision: Precision | undefined): string {
  const within = comparisons.filter(({ ok }) => ok).length;
  const rows = comparisons.map(({ file, quantity, error, bound, ok }) => [
    file,
    quantity,
    error.toExponential(1),
    bound.toExponential(0),
    ok ? '' : 'TOO LARGE',
  ]);
  return `${table([['file', 'quantity', 'error', 'bound', ''], ...rows])}
${within} of ${comparisons.length} quantities are within their bounds on ${device.name}${precision === 'mixed' ? ', in mixed precision' : ''}
`;
}

/** The names of the goldens to replay: all of the folder, or those of `--only`. */
async function selectGoldens(folder: string, only: readonly string[] | undefined): Promise<readonly string[]> {
  const [{ listGoldens }, { fileError }] = await Promise.all([import('@hybridmed/testing'), import('@hybridmed/runtime/files')]);
  const names = await listGoldens(folder);
  const missing = only?.find((name) => !names.includes(name));
  if (missing) throw fileError(folder, `holds no golden "${missing}"`, `it holds ${names.join(', ')}`);
  return only ?? names;
}

/** The command. */
export const verify = defineCommand({
  name: 'verify',
  description: 'replay a folder of goldens on a device and check every quantity against its bound',
  examples: {
    'verify GOLDENS --device webgpu': 'checks that this GPU and its driver compute correctly',
  },
  arguments: { goldens: 'folder of pairs of .json and .safetensors' },
  options: {
    ...deviceOptions,
    ...precisionOption,
    only: option({ value: several(string()), argument: 'names', help: 'only these files (names without extension)' }),
    weights: option({ value: string(), argument: 'dir', help: 'folder of trained weights, for goldens that hold none (default: these are left out)' }),
    ...jsonOption,
  },
  async run({ values: { only, weights, precision, json }, arguments: { goldens: folder }, output, openDevice }) {
    const { needsWeights, readGolden, verifyGolden } = await import('@hybridmed/testing');
    const goldens = await selectGoldens(folder, only);
    const device = await openDevice();
    const comparisons: Comparison[] = [];
    for (const golden of goldens) {
      const read = await readGolden(folder, golden);
      if (needsWeights(read) && weights === undefined) {
        output.log(`${golden}: not replayed: it holds no weights; make them by the script beside it and give their folder by --weights`);
        continue;
      }
      output.log(`${golden} on ${device.info.name}`);
      comparisons.push(...(await verifyGolden(device, read, { weights })));
    }
    const ok = comparisons.every((comparison) => comparison.ok);
    // JSON has no number for an error that is not finite.
    const writable = comparisons.map((row) => ({ ...row, error: Number.isFinite(row.error) ? row.error : null }));
    if (json) printJson(output, { device: device.info, ok, comparisons: writable });
    else output.result(formatVerification({ device: device.info, ok, comparisons }, precision));
    if (!ok) output.exitCode = 1;
  },
});
