// The gpu suite's command line: one report of a GPU in at most five minutes, as a JSON document and a page.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError, adapterChoice, positive, runSuite } from '../harness/options.ts';
import { adapterSlug, saveResult } from '../results.ts';
import { barLine } from './bars.ts';
import { renderReport } from './page.ts';
import { parts, totalSeconds } from './parts.ts';
import { measureReport } from './report.ts';

const usage = `usage: npm run bench -- gpu [options]

What a GPU does with this project, in at most ${totalSeconds / 60} minutes: whether every kernel case is correct; products in f32, f16 and by subgroup
matrix; attention; training steps of small, medium and paper in f32 and mixed precision with their memory, beside PyTorch where it is
installed with CUDA; tuning off and on; kernels at the shapes of models with their fraction of the measured peak; other WebGPU engines
(installed into benchmarks/peers on first use). A line for each bar: met, missed, or not measured. Exit code 1 if a case is wrong or a
part failed.

  --quick           tiny shapes, without medium and paper: runs on software adapters too; bars are not measured
  --device D        auto (hardware; with --quick also software), hardware, software, lavapipe, swiftshader (default auto)
  --pytorch PYTHON  the interpreter that PyTorch is looked for in (default python3)
  --parts LIST      some of ${parts.map(({ name }) => name).join(',')} (default all)
  --seconds S       the limit of the whole (default ${totalSeconds}); what does not fit is named as skipped
  --out NAME        writes NAME.json and NAME.html (default runs/gpu-ADAPTER)
  --json            the JSON document on standard output, and nothing else there
  --save            also save the document in benchmarks/results
`;

function read() {
  const { values } = parseArgs({
    args: process.argv.slice(2),
    options: {
      quick: { type: 'boolean', default: false },
      device: { type: 'string', default: 'auto' },
      pytorch: { type: 'string', default: 'python3' },
      parts: { type: 'string', default: '' },
      seconds: { type: 'string', default: String(totalSeconds) },
      out: { type: 'string' },
      json: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
    },
  });
  const names = values.parts === '' ? parts.map(({ name }) => name) : values.parts.split(',');
  const unknown = names.find((name) => !parts.some((part) => part.name === name));
  if (unknown !== undefined) throw new UsageError(`--parts takes some of ${parts.map(({ name }) => name).join(',')}, not "${unknown}"`);
  const seconds = positive('seconds', values.seconds);
  if (seconds > totalSeconds) throw new UsageError(`--seconds takes at most ${totalSeconds}, not ${values.seconds}`);
  return { ...values, device: adapterChoice(values.device), seconds, parts: parts.filter(({ name }) => names.includes(name)) };
}

/** Whole or not at all. */
async function write(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.partial`, content);
  await rename(`${file}.partial`, file);
  process.stderr.write(`${file}\n`);
}

await runSuite(usage, async () => {
  const { quick, device, pytorch, seconds, parts: chosen, json, save, out } = read();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const document = await measureReport({ device, quick, python: pytorch, seconds, parts: chosen, say });
  const name = `gpu-${adapterSlug(document.adapter)}${quick ? '-quick' : ''}`;
  const path = out ?? `runs/${name}`;
  await write(`${path}.json`, `${JSON.stringify(document)}\n`);
  await write(`${path}.html`, renderReport(document));
  if (save) await saveResult(name, document);
  const wrong = document.parts.flatMap((part) => part.wrong);
  const failed = document.parts.filter(({ status }) => status === 'failed');
  const skipped = document.parts.flatMap(({ title, status, reason, skipped: some }) => [
    ...(status === 'skipped' ? [`${title}: ${reason}`] : []),
    ...some.map((one) => `${title}: ${one}`),
  ]);
  if (json) process.stdout.write(`${JSON.stringify(document)}\n`);
  else {
    process.stdout.write(`${document.adapter}: ${document.seconds} s, peak ${document.roofline.gflops} GFLOP/s, ${document.roofline.gbps} GB/s\n`);
    for (const line of wrong) process.stdout.write(`WRONG         ${line}\n`);
    for (const { title, reason } of failed) process.stdout.write(`FAILED        ${title}: ${reason}\n`);
    for (const line of skipped) process.stdout.write(`skipped       ${line}\n`);
    for (const bar of document.bars) process.stdout.write(`${barLine(bar)}\n`);
  }
  if (wrong.length > 0) say(`${wrong.length} cases are wrong`);
  return wrong.length + failed.length === 0 ? 0 : 1;
});
