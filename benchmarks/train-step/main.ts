// The train-step suite's command line: measures this toolkit's step and, on request, the PyTorch reference's before and after it.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { adapterNames, tuningModes } from '../harness/adapter.ts';
import { UsageError, choice } from '../harness/options.ts';
import { adapterSlug, saveResult } from '../results.ts';
import type { StepResult } from './measure.ts';
import { measureStep } from './measure.ts';
import type { PeerResult } from './pytorch.ts';
import { runPeer } from './pytorch.ts';
import type { StepPreset } from './problem.ts';
import { stepPresets } from './problem.ts';

const usage = `usage: node benchmarks/run.mjs train-step [options]

One stage-2 training step (forward, frozen teacher, backward, clipping, AdamW) on random studies, without padding.

  --preset P        ${Object.keys(stepPresets).join(', ')} (default small)
  --device D        cpu (default), or an adapter: auto, webgpu, hardware, software, lavapipe, swiftshader
  --tuning M        off (default), cached or measure: how kernel variants are selected on an adapter
  --precision P     f32 (default), or mixed: activations as 16-bit floats, on an adapter that supports them
  --steps N         measured steps after two warm-up steps (default 12)
  --threads N       threads (default: the number of cores)
  --json            one JSON document and nothing else
  --save            save the document in benchmarks/results
  --pytorch PYTHON  run the PyTorch reference with this interpreter, before and after
  --reference FILE  the reference's bench_torch.py
`;

interface Document extends StepResult {
  pytorch?: { studiesPerSecond: number; peakMiB: number; runs: readonly PeerResult[]; ratio: number; memoryRatio: number };
}

function read() {
  const options = {
    preset: { type: 'string', default: 'small' },
    device: { type: 'string', default: 'cpu' },
    tuning: { type: 'string', default: 'off' },
    precision: { type: 'string', default: 'f32' },
    steps: { type: 'string', default: '12' },
    threads: { type: 'string' },
    json: { type: 'boolean' },
    save: { type: 'boolean' },
    pytorch: { type: 'string' },
    reference: { type: 'string' },
    help: { type: 'boolean' },
  } as const;
  try {
    const { values } = parseArgs({ args: process.argv.slice(2), options });
    const count = (name: 'steps' | 'threads', fallback: number): number => {
      const value = Number(values[name] ?? fallback);
      if (!Number.isInteger(value) || value < 1) throw new UsageError(`--${name} needs a whole number of at least 1`);
      return value;
    };
    if (!(values.preset in stepPresets)) throw new UsageError(`--preset is one of ${Object.keys(stepPresets).join(', ')}, not "${values.preset}"`);
    const precision = choice('precision', values.precision, ['f32', 'mixed']);
    if (precision === 'mixed' && values.device === 'cpu') throw new UsageError('--precision mixed needs an adapter with 16-bit floats: name it with --device');
    if ((values.pytorch === undefined) !== (values.reference === undefined)) throw new UsageError('--pytorch and --reference go together');
    return {
      ...values,
      device: choice('device', values.device, ['cpu', ...adapterNames]),
      tuning: choice('tuning', values.tuning, tuningModes),
      precision,
      preset: values.preset as StepPreset,
      steps: count('steps', 12),
      threads: count('threads', cpus().length),
    };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    return process.exit(2);
  }
}

const round = (value: number): number => Math.round(value * 1000) / 1000;

async function main(): Promise<void> {
  const { preset, device, tuning, precision, steps, threads, json, save, pytorch, reference, help } = read();
  if (help) {
    process.stdout.write(usage);
    return;
  }
  const peer = async (): Promise<PeerResult[]> =>
    pytorch !== undefined && reference !== undefined ? [await runPeer(pytorch, reference, { preset, steps, threads })] : [];
  const before = await peer();
  const own = await measureStep(preset, { steps, threads, device, tuning, precision });
  const runs = [...before, ...(await peer())];
  const document: Document = { ...own };
  if (runs.length > 0) {
    // The reference's faster run counts, and its smaller memory.
    const studiesPerSecond = Math.max(...runs.map((run) => run.studiesPerSecond));
    const peakMiB = Math.min(...runs.map((run) => run.peakMiB));
    document.pytorch = { studiesPerSecond, peakMiB, runs, ratio: round(own.studiesPerSecond / studiesPerSecond), memoryRatio: round(own.peakMiB / peakMiB) };
  }
  const kind = precision === 'mixed' ? '-mixed' : '';
  if (save) await saveResult(device === 'cpu' ? `train-step-${preset}` : `train-step-${preset}-${adapterSlug(own.device)}${kind}`, document);
  if (json) process.stdout.write(`${JSON.stringify(document)}\n`);
  else {
    process.stdout.write(`${preset} on ${own.device}: ${own.studiesPerSecond} studies/s, ${own.millisecondsPerStep} ms per step, peak ${own.peakMiB} MiB\n`);
    if (document.pytorch)
      process.stdout.write(`PyTorch: ${document.pytorch.studiesPerSecond} studies/s, peak ${document.pytorch.peakMiB} MiB; ratio ${document.pytorch.ratio}\n`);
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`error: ${(error as Error).message.split('\n')[0]}\n`);
  process.exitCode = 1;
}
