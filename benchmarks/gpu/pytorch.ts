// PyTorch beside this project on the same GPU: products by cuBLAS and training steps, measured by a Python process that answers line by line,
// so that what it measured counts even if it is stopped when the time is over.
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createModel, presetModel } from 'hybridmed';
import { makeRow } from '../harness/row.ts';
import type { Row } from '../harness/row.ts';
import { stepPlan } from '../train-step/measure.ts';
import type { StepPreset } from '../train-step/problem.ts';
import { lengths, special, stepPresets } from '../train-step/problem.ts';
import { productNames } from './large-cases.ts';
import type { Findings, PartContext } from './part.ts';
import { secondsLeft } from './part.ts';
import { writeStepInputs } from './step-inputs.ts';

/** A line that the process prints. */
type Answer =
  | { readonly kind: 'absent'; readonly reason: string }
  | { readonly kind: 'failed'; readonly case: string; readonly reason: string }
  | { readonly kind: 'device'; readonly name: string; readonly version: string }
  | { readonly kind: 'product'; readonly case: string; readonly samples: readonly number[] }
  | { readonly kind: 'step'; readonly case: string; readonly samples: readonly number[]; readonly firstLoss: number; readonly peakMiB: number | null };

/** What PyTorch measured. */
export interface PytorchResults {
  readonly device: string;
  readonly version: string;
  readonly products: readonly { readonly case: string; readonly samples: readonly number[] }[];
  readonly steps: readonly { readonly case: string; readonly samples: readonly number[]; readonly firstLoss: number; readonly peakMiB: number | null }[];
  readonly failures: readonly string[];
}

/** One step to measure; `inputs`: on the numbers that this project's step begins with, so that both first losses can be compared. */
export interface PytorchStep {
  readonly preset: StepPreset;
  readonly precision: 'f32' | 'mixed';
  readonly steps: number;
  readonly inputs?: boolean;
}

/** The name of a step's case. */
export const stepName = (preset: StepPreset, precision: 'f32' | 'mixed'): string => `${preset}, ${precision}`;

const script = fileURLToPath(new URL('pytorch/measure.py', import.meta.url));

async function stepRequest({ preset, precision, steps, inputs: withInputs = false }: PytorchStep) {
  const { batch, vocabulary } = stepPresets[preset];
  const config = presetModel(preset, vocabulary, special);
  const model = createModel(config);
  const { weights, tau } = stepPlan;
  const parameters = Object.entries(model.parameters).map(([name, { shape, decay }]) => [name, shape, decay ?? shape.length >= 2] as const);
  const { file: inputs, layout } = withInputs ? await writeStepInputs(model, preset) : {};
  return { case: stepName(preset, precision), config, batch, vocabulary, lengths, precision, steps, weights, tau, parameters, inputs, layout };
}

/** Runs the script. Throws an Error that says why there is nothing: no such interpreter, no PyTorch, no CUDA. `limit`: seconds. */
export async function runPytorch(
  python: string,
  device: 'cuda' | 'cpu',
  { products = [], steps = [] }: { products?: readonly { name: string; size: number; half: boolean }[]; steps?: readonly PytorchStep[] },
  limit: number,
): Promise<PytorchResults> {
  const requests = await Promise.all(steps.map(stepRequest));
  const child = spawn(python, [script, device], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: Math.max(1, Math.ceil(1000 * limit)),
    killSignal: 'SIGKILL',
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  });
  let errors = '';
  const answers: Answer[] = [];
  child.stderr.on('data', (data) => (errors += String(data)));
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${JSON.stringify({ products, steps: requests })}\n`);
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{')) answers.push(JSON.parse(line) as Answer);
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) =>
      child
        .once('error', (error: NodeJS.ErrnoException) =>
          reject(error.code === 'ENOENT' ? new Error(`there is no "${python}"; name a Python with PyTorch by --pytorch`) : error),
        )
        .once('close', resolve),
    );
    return resultsOf(answers, code === 0 ? undefined : code === null ? 'out of time' : (errors.trim().split('\n').at(-1) ?? `ended with ${code}`));
  } finally {
    for (const { inputs } of requests) if (inputs !== undefined) await rm(dirname(inputs), { recursive: true, force: true });
  }
}

function resultsOf(answers: readonly Answer[], failure: string | undefined): PytorchResults {
  const of = <K extends Answer['kind']>(kind: K) => answers.filter((answer): answer is Extract<Answer, { kind: K }> => answer.kind === kind);
  const [absent] = of('absent');
  if (absent) throw new Error(`${absent.reason}; name a Python with PyTorch by --pytorch`);
  const [device] = of('device');
  if (!device) throw new Error(`PyTorch: ${failure ?? 'gave no answer'}`);
  return {
    device: device.name,
    version: device.version,
    products: of('product'),
    steps: of('step'),
    failures: [...of('failed').map((one) => `${one.case}: ${one.reason}`), ...(failure === undefined ? [] : [failure])],
  };
}

/** The part: what PyTorch takes on the same GPU. */
export async function pytorch(context: PartContext, findings: Findings): Promise<void> {
  const { size, ...names } = productNames(context.quick);
  const steps = (['small', 'medium', 'paper'] as const).flatMap((preset): PytorchStep[] =>
    (['f32', 'mixed'] as const).map((precision) => ({ preset, precision, steps: 8, inputs: preset === 'small' && precision === 'f32' })),
  );
  const products = [
    { name: names.f32, size, half: false },
    { name: names.f16, size, half: true },
  ];
  const results = await runPytorch(context.python, 'cuda', { products, steps }, secondsLeft(context));
  const adapter = `CUDA: ${results.device}`;
  findings.notes.push(`PyTorch ${results.version} on ${results.device}; f32 products without TF32, steps with fused attention and a fused AdamW.`);
  if (!context.adapter.toLowerCase().includes(results.device.toLowerCase()))
    findings.notes.push(`PyTorch's device is called ${results.device}, the WebGPU adapter ${context.adapter}: compare them only if they are the same GPU.`);
  const key = { suite: 'gpu', adapter, engine: 'pytorch' };
  const measured = (samples: readonly number[]) => ({ samples, clock: 'host' as const, error: null, bound: 0 });
  const cost = { flops: 2 * size ** 3, bytes: 0 };
  const add = (row: Row): void => {
    findings.rows.push(row);
    context.say(`  ${row.kernel}: ${row.case}: ${row.ms} ms`);
  };
  for (const one of results.products)
    add(makeRow({ ...key, kernel: 'matmul', case: one.case, pass: 'forward' }, cost, context.roofline, measured(one.samples)));
  for (const one of results.steps)
    add(makeRow({ ...key, kernel: 'train-step', case: one.case, pass: 'backward' }, { flops: 0, bytes: 0 }, context.roofline, measured(one.samples)));
  findings.skipped.push(...results.failures.map((failure) => `PyTorch: ${failure}`));
  findings.tables.push({
    title: 'Steps in PyTorch',
    head: ['step', 'ms', 'first loss', 'peak MiB on the GPU'],
    rows: results.steps.map((one, i) => [
      one.case,
      String(findings.rows[results.products.length + i]!.ms),
      one.case === stepName('small', 'f32') ? one.firstLoss.toFixed(4) : '(its own weights)',
      one.peakMiB === null ? '' : one.peakMiB.toFixed(0),
    ]),
  });
}
