// The frozen suite's command line: training behind a frozen front against the same step on ready features.
import { basename } from 'node:path';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { UsageError } from '../harness/options.ts';
import { saveResult } from '../results.ts';
import { measureFrozen } from './measure.ts';

const usage = `usage: node benchmarks/run.mjs frozen --weights FOLDER [options]

Stage 2 of preset small on phantoms with a published vision encoder, a part of it frozen, on the CPU: the first epoch, later epochs, whose
features are kept, and the same step on features that are ready in memory.

  --weights FOLDER  the encoder's published checkpoint
  --freeze NAMES    comma-separated patterns of frozen parameters (default vision.*)
  --image-size N    side of the images (default 224)
  --studies N       phantoms (default 240)
  --batch N         studies of a step (default 16)
  --epochs N        epochs, 2 or more (default 3)
  --crops N         fixed copies of an image (default 1)
  --threads N       threads (default: the number of cores)
  --json            one JSON document and nothing else
  --save            save the document in benchmarks/results
`;

function read() {
  const options = {
    weights: { type: 'string' },
    freeze: { type: 'string', default: 'vision.*' },
    'image-size': { type: 'string', default: '224' },
    studies: { type: 'string', default: '240' },
    batch: { type: 'string', default: '16' },
    epochs: { type: 'string', default: '3' },
    crops: { type: 'string', default: '1' },
    threads: { type: 'string', default: String(cpus().length) },
    json: { type: 'boolean' },
    save: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  try {
    const { values } = parseArgs({ args: process.argv.slice(2), options });
    const count = (name: 'image-size' | 'studies' | 'batch' | 'epochs' | 'crops' | 'threads', min = 1): number => {
      const value = Number(values[name]);
      if (!Number.isInteger(value) || value < min) throw new UsageError(`--${name} needs a whole number of at least ${min}`);
      return value;
    };
    const { weights = '', freeze, json, save, help } = values;
    if (weights === '' && !help) throw new UsageError('--weights names the published checkpoint of the encoder');
    const problem = {
      weights,
      freeze: freeze.split(','),
      imageSize: count('image-size'),
      studies: count('studies'),
      batch: count('batch'),
      epochs: count('epochs', 2),
      crops: count('crops'),
      threads: count('threads'),
    };
    return { problem, json, save, help };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    return process.exit(2);
  }
}

async function main(): Promise<void> {
  const { problem, json, save, help } = read();
  if (help) return void process.stdout.write(usage);
  const result = { ...(await measureFrozen(problem)), weights: basename(problem.weights) };
  if (save) await saveResult(`frozen-${result.weights}${problem.freeze.join() === 'vision.*' ? '' : '-tail'}`, result);
  if (json) return void process.stdout.write(`${JSON.stringify(result)}\n`);
  const line = (name: string, { seconds, cpuSeconds, steps }: typeof result.first) =>
    process.stdout.write(`${name}: ${seconds} s a step, ${cpuSeconds} s of the processor (median of ${steps})\n`);
  process.stdout.write(`${result.front}\n`);
  line('first epoch', result.first);
  line('later epochs', result.later);
  line('ready features', result.ready);
  process.stdout.write(`speed of later epochs to that on ready features: ${result.ratio} by the processor's time, ${result.clockRatio} by the clock\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`error: ${(error as Error).message.split('\n')[0]}\n`);
  process.exitCode = 1;
}
