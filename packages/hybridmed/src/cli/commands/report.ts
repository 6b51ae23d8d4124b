// `hybridmed report`: the report of a run as one HTML page.
import type { Command } from 'commander';
import type { DeviceFlags } from '../options.ts';
import { deviceOption, integer, jsonOption, threadsOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printResult } from '../output.ts';

interface Flags extends DeviceFlags {
  out?: string;
  data?: string;
  limit: number;
  json: boolean;
}

/** Adds the command. */
export function addReport(program: Command, output: Output): void {
  program
    .command('report')
    .description('write the report of a run as one self-contained HTML page: data, curves, metrics compared with baselines, texts, radiographs, failures')
    .argument('<run>', "a run's --out folder")
    .option('--out <file>', 'HTML file to write (default: report.html in the run)')
    .option('--data <spec>', 'where the data set is now, if it has moved')
    .option('--limit <n>', 'maximum number of held-out studies; 0 for all', integer(0), 0)
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async (run: string, { out, data, limit, device: name, threads, json }: Flags) => {
      const [{ writeReport }, { lazyDevice }] = await Promise.all([import('../../report/write-report.ts'), import('@hybridmed/runtime/device')]);
      const device = lazyDevice(name!, threads === undefined ? {} : { threads });
      try {
        const { file, evaluation } = await writeReport({
          run,
          limit,
          device: device.open,
          onMessage: (text) => output.log(text),
          ...(out === undefined ? {} : { out }),
          ...(data === undefined ? {} : { data }),
        });
        printResult(output, { json }, { report: file, ...(evaluation ? { evaluation } : {}) }, () => `report: ${file}\n`);
      } finally {
        await device.close();
      }
    });
}
