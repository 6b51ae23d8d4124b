// `hybridmed demo`: the whole pipeline on phantoms, from making them to the report of a run.
import { join } from 'node:path';
import type { EvaluationReport, Example } from '@hybridmed/tasks/node';
import type { Device } from '@hybridmed/tensor';
import type { Values } from '@hybridmed/training/options';
import { integer, option, stageCounts, string } from '@hybridmed/training/options';
import { defineCommand } from '../define-command.ts';
import { deviceOptions, jsonOption } from '../options/shared.ts';
import type { Output } from '../output.ts';
import { printResult } from '../output.ts';
import { stoppable } from '../stop-signals.ts';
import { progressBar } from '../progress.ts';

const options = {
  out: option({ value: string(), argument: 'dir', help: 'folder for phantoms and run', default: join('runs', 'demo') }),
  studies: option({ value: integer(100), argument: 'n', help: 'number of phantoms', default: 2500 }),
  epochs: option({ value: stageCounts(integer(0)), argument: '[l,]a,b', help: 'epochs of each stage', default: [3, 22] }),
  ...deviceOptions,
  ...jsonOption,
};

type DemoValues = Values<typeof options>;

const phantomFolder = (out: string, studies: number): string => join(out, `phantoms-${studies}`);

const compareTexts = ({ id, truth, image, findings }: Example): string =>
  `  ${id}\n    true           ${truth}\n    from the image ${image}\n    from findings  ${findings}\n`;

function conclusion({ labels, text }: EvaluationReport): string {
  const [own, baseline] = [labels?.image?.micro ?? 0, labels?.mostFrequent?.micro ?? 0];
  return `Label F1 of impressions generated from images alone: ${own.toFixed(2)} (always the most frequent impression: ${baseline.toFixed(2)}); CIDEr ${text.image?.cider.toFixed(2)} against ${text.mostFrequent.cider.toFixed(2)}.\n`;
}

/** What the demonstration leaves. */
interface DemoResult {
  readonly checkpoint: string;
  readonly metrics: string;
  readonly report: string;
  readonly evaluation: EvaluationReport;
}

function formatDemo({ checkpoint, metrics, report, evaluation }: DemoResult, table: string): string {
  const examples = evaluation.examples.filter(({ truth }, i) => i % 7 === 0 && truth.length > 30).slice(0, 5);
  return `\n${table}\nHeld-out phantoms:\n${examples.map(compareTexts).join('')}\n${conclusion(evaluation)}\ncheckpoint: ${checkpoint}\nmetrics:    ${metrics}\nreport:     ${report} (open it in a browser)\n`;
}

async function demonstrate({ out, studies, epochs }: DemoValues, device: Device, output: Output, signal: AbortSignal): Promise<DemoResult> {
  const { rm } = await import('node:fs/promises');
  const [{ pretrain }, { completeConfig }, { writeReport }, { trainingProgress }] = await Promise.all([
    import('@hybridmed/runtime/run'),
    import('@hybridmed/runtime/settings'),
    import('../../report/write-report.ts'),
    import('../training-progress.ts'),
  ]);
  const progress = trainingProgress(output);
  const run = join(out, 'run');
  await rm(run, { recursive: true, force: true });
  const config = completeConfig({ data: `phantom:${phantomFolder(out, studies)}`, preset: 'tiny', epochs, batch: 16, learningRate: 2e-3 });
  const { checkpoint } = await pretrain({ config, out: run, device, signal, events: progress.events }).finally(() => progress.stop());
  signal.throwIfAborted();
  const { file, evaluation } = await writeReport({ run, device: () => Promise.resolve(device), onMessage: (line) => output.log(line) });
  return { checkpoint, metrics: join(run, 'metrics.jsonl'), report: file, evaluation: evaluation! };
}

async function makePhantoms({ out, studies }: DemoValues, signal: AbortSignal): Promise<void> {
  const [{ writePhantoms }, { makeFolder }] = await Promise.all([import('@hybridmed/phantoms'), import('@hybridmed/runtime/files')]);
  const bar = progressBar('phantoms');
  await makeFolder(out);
  const onProgress = (done: number) => {
    signal.throwIfAborted();
    bar.update(done, studies);
  };
  await writePhantoms(phantomFolder(out, studies), { studies, size: 72, onProgress }).finally(() => bar.stop());
}

/** The command. */
export const demo = defineCommand({
  name: 'demo',
  description: 'make phantoms, pre-train both stages on them, and write a report',
  examples: {
    demo: 'phantoms, both stages and a report, in some minutes',
  },
  options,
  async run({ values, output, openDevice }) {
    const result = await stoppable({ output, json: values.json, again: 'run the command again to begin anew' }, async (signal) => {
      await makePhantoms(values, signal);
      return demonstrate(values, await openDevice(), output, signal);
    });
    if (!result) return;
    const { formatEvaluation } = await import('../evaluation-tables.ts');
    printResult(output, values, result, () => formatDemo(result, formatEvaluation(result.evaluation)));
  },
});
