// `hybridmed report`: the report of a run as one HTML page.
import { option, string } from '@hybridmed/training/options';
import { defineCommand } from '../define-command.ts';
import { encodersOf } from '../options/model.ts';
import { deviceOptions, jsonOption, limitOption, moduleOptions } from '../options/shared.ts';
import { printResult } from '../output.ts';

/** The command. */
export const report = defineCommand({
  name: 'report',
  description: 'write the report of a run as one self-contained HTML page: data, curves, metrics compared with baselines, texts, radiographs, failures',
  examples: {
    'report runs/openi': "the run's report as one HTML page; pretrain also writes it",
  },
  arguments: { run: "a run's --out folder" },
  options: {
    out: option({ value: string(), argument: 'file', help: 'HTML file to write', defaultWords: 'report.html in the run' }),
    data: option({ value: string(), argument: 'spec', help: 'where the data set is now, if it has moved' }),
    ...limitOption,
    ...moduleOptions,
    ...deviceOptions,
    ...jsonOption,
  },
  async run({ values, arguments: { run }, output, openDevice }) {
    const { out, data, limit, json } = values;
    const { writeReport } = await import('../../report/write-report.ts');
    const { file, evaluation } = await writeReport({
      run,
      limit,
      device: () => openDevice(),
      encoders: encodersOf(values),
      onMessage: (line) => output.log(line),
      ...(out === undefined ? {} : { out }),
      ...(data === undefined ? {} : { data }),
    });
    printResult(output, { json }, { report: file, ...(evaluation ? { evaluation } : {}) }, () => `report: ${file}\n`);
  },
});
