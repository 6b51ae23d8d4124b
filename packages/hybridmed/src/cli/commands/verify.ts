// `hybridmed verify`: replays goldens on a device; how a user learns whether a GPU and driver compute right.
import type { Comparison } from '@hybridmed/testing';
import type { Command } from 'commander';
import type { DeviceFlags } from '../options.ts';
import { deviceOption, jsonOption, precisionOption, threadsOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printJson, table } from '../output.ts';

/** Adds the command. */
export function addVerify(program: Command, output: Output): void {
  program
    .command('verify')
    .description('replay a folder of goldens on a device and check every quantity against its bound')
    .argument('<goldens>', 'folder of pairs of .json and .safetensors')
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(precisionOption())
    .option('--only <names...>', 'only these files (names without extension)')
    .addOption(jsonOption())
    .action(async (folder: string, { device: name, threads, precision, only, json }: DeviceFlags & { only?: string[]; json: boolean }) => {
      const [{ listGoldens, readGolden, verifyGolden }, { openDevice }, { fileError }] = await Promise.all([
        import('@hybridmed/testing'),
        import('@hybridmed/runtime/device'),
        import('@hybridmed/runtime/files'),
      ]);
      const known = await listGoldens(folder);
      const missing = only?.find((wanted) => !known.includes(wanted));
      if (missing) throw fileError(folder, `holds no golden "${missing}"`, `it holds ${known.join(', ')}`);
      const { device } = await openDevice(name!, { ...(threads ? { threads } : {}), ...(precision ? { precision } : {}) });
      const rows: Comparison[] = [];
      for (const golden of only ?? known) {
        output.log(`${golden} on ${device.info.name}`);
        rows.push(...(await verifyGolden(device, await readGolden(folder, golden))));
      }
      const failed = rows.filter(({ ok }) => !ok);
      if (json)
        printJson(output, {
          device: device.info,
          ok: failed.length === 0,
          comparisons: rows.map((row) => ({ ...row, error: Number.isFinite(row.error) ? row.error : null })),
        });
      else {
        output.result(
          table([
            ['file', 'quantity', 'error', 'bound', ''],
            ...rows.map(({ file, quantity, error, bound, ok }) => [file, quantity, error.toExponential(1), bound.toExponential(0), ok ? '' : 'TOO LARGE']),
          ]),
        );
        output.result(
          `\n${rows.length - failed.length} of ${rows.length} quantities are within their bounds on ${device.info.name}${precision === 'mixed' ? ', in mixed precision' : ''}\n`,
        );
      }
      await device.close();
      if (failed.length > 0) output.exitCode = 1;
    });
}
