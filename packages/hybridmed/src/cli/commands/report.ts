// `hybridmed report`: the report of a run as one HTML page.
import { option, string } from '@hybridmed/training/settings';
import { defineCommand } from '../define-command.ts';
import { deviceOptions, jsonOption } from '../options/shared.ts';
import { integer } from '@hybridmed/training/settings';
import { printResult } from '../output.ts';

/** The command. */
export const report = defineCommand({
  name: 'report',
  description: 'write the report of a run as one self-contained HTML page: data, curves, metrics compared with baselines, texts, radiographs, failures',
  arguments: { run: "a run's --out folder" },
  options: {
    out: option({ value: string(), argument: 'file', help: 'HTML file to write', defaultWords: 'report.html in the run' }),
    data: option({ value: string(), argument: 'spec', help: 'where the data set is now, if it has moved' }),
    limit: option({ value: integer(0), argument: 'n', help: 'maximum number of held-out studies; 0 for all', default: 0 }),
    ...deviceOptions,
    ...jsonOption,
  },
  async run({ values: { out, data, limit, json }, arguments: { run }, output, openDevice }) {
    const { writeReport } = await import('../../report/write-report.ts');
    const { file, evaluation } = await writeReport({
      run,
      limit,
      device: () => openDevice(),
      onMessage: (line) => output.log(line),
      ...(out === undefined ? {} : { out }),
      ...(data === undefined ? {} : { data }),
    });
    printResult(output, { json }, { report: file, ...(evaluation ? { evaluation } : {}) }, () => `report: ${file}\n`);
  },
});
