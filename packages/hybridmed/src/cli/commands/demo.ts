// `hybridmed demo`: the whole way on phantoms, from making them to texts side by side.
import { join } from 'node:path';
import type { EvaluationReport, Example } from '@hybridmed/tasks/node';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { DeviceFlags } from '../options.ts';
import { deviceOption, integer, jsonOption, stagePair, threadsOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printJson } from '../output.ts';
import { progressBar } from '../progress.ts';
import { formatEvaluation } from './evaluate.ts';

interface Flags extends DeviceFlags {
  out: string;
  studies: number;
  epochs: [number, number];
  json: boolean;
}

const compare = ({ id, truth, image, findings }: Example): string =>
  `  ${id}\n    true           ${truth}\n    from the image ${image}\n    from findings  ${findings}\n`;

function conclusion({ labels, text }: EvaluationReport): string {
  const [ours, theirs] = [labels?.image?.micro ?? 0, labels?.mostFrequent?.micro ?? 0];
  return `Label F1 of impressions written from films alone: ${ours.toFixed(2)} (always writing the most frequent impression: ${theirs.toFixed(2)}); CIDEr ${text.image?.cider.toFixed(2)} against ${text.mostFrequent.cider.toFixed(2)}.\n`;
}

/** Adds the command. */
export function addDemo(program: Command, output: Output): void {
  program
    .command('demo')
    .description('make phantoms, pre-train both stages on them, and write a report')
    .option('--out <dir>', 'folder for phantoms and run', join('runs', 'demo'))
    .option('--studies <n>', 'number of phantoms', integer(100), 2500)
    .addOption(new Option('--epochs <a,b>', 'epochs of each stage').argParser(stagePair).default([3, 22], '3,22'))
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async ({ out, studies, epochs, device: name, threads, json }: Flags) => {
      const { rm } = await import('node:fs/promises');
      const [{ writePhantoms }, { pretrain }, { completeConfig }, { makeFolder }, { writeReport }, { openDevice }, { trainingProgress }] = await Promise.all([
        import('@hybridmed/data'),
        import('@hybridmed/runtime/run'),
        import('@hybridmed/training/settings'),
        import('@hybridmed/runtime/files'),
        import('../../report/write-report.ts'),
        import('@hybridmed/runtime/device'),
        import('../training-progress.ts'),
      ]);
      const phantoms = join(out, `phantoms-${studies}`);
      const bar = progressBar('phantoms');
      await makeFolder(out);
      await writePhantoms(phantoms, { studies, size: 72, onProgress: (done) => bar.update(done, studies) }).finally(() => bar.stop());
      const { device, reason } = await openDevice(name!, threads === undefined ? {} : { threads });
      output.log(`device: ${device.info.name} (${reason})`);
      const progress = trainingProgress(output);
      try {
        const run = join(out, 'run');
        await rm(run, { recursive: true, force: true });
        const config = completeConfig({ data: `phantom:${phantoms}`, preset: 'tiny', epochs, batch: 16, learningRate: 2e-3 });
        const { checkpoint } = await pretrain({ config, out: run, device, events: progress.events });
        progress.stop();
        const { file, evaluation } = await writeReport({ run, device: () => Promise.resolve(device), onMessage: (text) => output.log(text) });
        const metrics = join(run, 'metrics.jsonl');
        if (json) return printJson(output, { checkpoint, metrics, report: file, evaluation: evaluation! });
        const shown = evaluation!.examples.filter(({ truth }, i) => i % 7 === 0 && truth.length > 30);
        output.result(
          `\n${formatEvaluation(evaluation!)}\nHeld-out phantoms:\n${shown.slice(0, 5).map(compare).join('')}\n${conclusion(evaluation!)}\ncheckpoint: ${checkpoint}\nmetrics:    ${metrics}\nreport:     ${file} (open it in a browser)\n`,
        );
      } finally {
        progress.stop();
        await device.close();
      }
    });
}
