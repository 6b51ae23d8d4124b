// Training steps of the presets, each in a process of its own, which is ended when its time is over: time, memory, first loss.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { makeRow } from '../harness/row.ts';
import type { StepResult } from '../train-step/measure.ts';
import type { StepPreset } from '../train-step/problem.ts';
import type { Findings, PartContext } from './part.ts';
import { secondsLeft } from './part.ts';
import { stepName } from './pytorch.ts';

const suite = fileURLToPath(new URL('../train-step/main.ts', import.meta.url));

/** A step that was asked for. */
export interface StepRequest {
  readonly preset: StepPreset;
  readonly precision: 'f32' | 'mixed';
  readonly tuning?: 'off' | 'measure';
  readonly steps: number;
}

/** Runs the train-step suite. Throws an Error with its message, or that it took longer than `limit` seconds. */
export async function runStep(device: string, { preset, precision, tuning = 'off', steps }: StepRequest, limit: number): Promise<StepResult> {
  const options = ['--device', device, '--preset', preset, '--precision', precision, '--tuning', tuning, '--steps', String(steps), '--json'];
  const child = spawn(process.execPath, [...process.execArgv, suite, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: Math.max(1, Math.ceil(1000 * limit)),
    killSignal: 'SIGKILL',
  });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (data) => (output += String(data)));
  child.stderr.on('data', (data) => (errors += String(data)));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) =>
    child.once('error', reject).once('close', (status, stopped) => resolve([status, stopped])),
  );
  if (signal === 'SIGKILL') throw new Error('out of time');
  if (code !== 0)
    throw new Error(
      errors
        .trim()
        .split('\n')
        .at(-1)
        ?.replace(/^error: /, '') ?? `ended with ${code}`,
    );
  return JSON.parse(output) as StepResult;
}

const mebibytes = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(0));

/** The part: every preset in f32 and mixed; of a quick report the preset for tests alone. */
export async function trainingSteps(context: PartContext, findings: Findings): Promise<void> {
  const presets: readonly StepPreset[] = context.quick ? ['tiny'] : ['small', 'medium', 'paper'];
  const requests = presets.flatMap((preset) =>
    (['f32', 'mixed'] as const).map((precision): StepRequest => ({ preset, precision, steps: context.quick ? 3 : 8 })),
  );
  const lines: string[][] = [];
  for (const [index, request] of requests.entries()) {
    const name = stepName(request.preset, request.precision);
    if (request.precision === 'mixed' && !context.capabilities.f16) {
      findings.skipped.push(`${name}: the adapter has no 16-bit floats in shaders`);
      continue;
    }
    // What is left is shared, so that no step takes the time of all others: larger presets, which come last, get more of it.
    const share = secondsLeft(context) / Math.max(1, (requests.length - index) * 0.7);
    if (share < 1) {
      findings.skipped.push(`${name}: out of time`);
      continue;
    }
    try {
      const result = await runStep(context.device, request, Math.min(share, secondsLeft(context)));
      const row = makeRow(
        { suite: 'gpu', kernel: 'train-step', case: name, pass: 'backward', adapter: context.adapter, engine: 'hybridmed' },
        { flops: 0, bytes: 0 },
        context.roofline,
        { samples: result.samples, clock: 'host', error: null, bound: 0 },
      );
      findings.rows.push(row);
      const { plan, stateMiB, peakMiB, firstLoss } = result;
      lines.push([
        name,
        String(row.ms),
        String(result.studiesPerSecond),
        firstLoss.toFixed(4),
        mebibytes(plan?.arenaMiB),
        mebibytes(stateMiB),
        mebibytes(peakMiB),
        String(plan?.dispatches ?? ''),
        plan ? plan.compileSeconds.toFixed(1) : '',
      ]);
      context.say(`  ${name}: ${row.ms} ms, ${result.studiesPerSecond} studies/s, ${mebibytes(plan?.arenaMiB)} MiB of intermediates`);
    } catch (error) {
      findings.skipped.push(`${name}: ${(error as Error).message}`);
      context.say(`  ${name}: ${(error as Error).message}`);
    }
  }
  findings.tables.push({
    title: 'Steps and their memory',
    head: ['step', 'ms', 'studies/s', 'first loss', 'intermediates, MiB', 'parameters and moments, MiB', 'process peak, MiB', 'dispatches', 'compiling, s'],
    rows: lines,
  });
}
