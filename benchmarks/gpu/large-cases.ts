// Square products and attention at sizes that fill a GPU, and the kernels' cases at the shapes of models.
import type { Cost, KernelCase, MatmulProblem, Numbers } from '@hybridmed/kernels';
import { kernels } from '@hybridmed/kernels';
import type { AnyKernel } from '@hybridmed/kernels';
import { openAdapter } from '../harness/adapter.ts';
import { makeRow, rowLine } from '../harness/row.ts';
import { measureCase } from '../kernels/measure.ts';
import type { SelectedCase } from '../kernels/select.ts';
import { selectCases } from '../kernels/select.ts';
import type { Findings, PartContext } from './part.ts';
import { secondsLeft } from './part.ts';

/** Side of the square products: of a whole report, and of a quick one. */
const side = (quick: boolean): number => (quick ? 192 : 4096);

/** Names of the square products, which PyTorch's rows have too. */
export const productNames = (quick: boolean) => {
  const size = side(quick);
  return { size, f32: `square ${size}, f32`, f16: `square ${size}, f16`, matrix: `square ${size}, f16 by subgroup matrix` };
};

/** Flops beyond which a reference takes too long on the host, unless it is a product, of which a few rows do. */
const mostCheckedFlops = 1e9;

/** Quick noise in [-1, 1), of numbers that an f16 holds exactly: `Math.sin` takes seconds on the largest operands. */
function noise(length: number, seed: number): Float32Array {
  const values = new Float32Array(length);
  let state = (seed + 1) * 2654435761;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    values[i] = (state >> 21) / 1024;
  }
  return values;
}

interface TimedCase {
  readonly selected: SelectedCase;
  readonly variant?: string;
  readonly seconds: number;
}

/** Measures cases while there is time; says which were left. */
async function measureAll(context: PartContext, findings: Findings, cases: readonly TimedCase[]): Promise<void> {
  const { adapter, roofline } = context;
  const device = await openAdapter(context.device);
  try {
    for (const [index, { selected, variant, seconds }] of cases.entries()) {
      if (secondsLeft(context) <= 0) {
        findings.skipped.push(`${cases.length - index} of ${cases.length} cases: out of time`);
        break;
      }
      const { kernel, one, pass } = selected;
      if (one.f16 && !context.capabilities.f16) {
        findings.skipped.push(`${kernel.name}: ${one.name}: the adapter has no 16-bit floats in shaders`);
        continue;
      }
      const cost: Cost = kernel.cost(one.problem);
      const check = kernel.name === 'matmul' ? 'rows' : cost.flops <= mostCheckedFlops;
      const measured = await measureCase(device.gpu, selected, { seconds, check, ...(variant === undefined ? {} : { variant }) });
      const row = makeRow({ suite: 'gpu', kernel: kernel.name, case: one.name, pass, adapter, engine: 'hybridmed' }, cost, roofline, measured);
      findings.rows.push(row);
      if (!row.ok) findings.wrong.push(`${kernel.name}: ${one.name}, ${pass}: error ${row.error!.toExponential(1)}, bound ${row.bound.toExponential(1)}`);
      context.say(`  ${rowLine(row)}`);
    }
  } finally {
    await device.close();
  }
}

/** Products in f32, in f16, and in f16 by the adapter's subgroup matrices. */
export async function products(context: PartContext, findings: Findings): Promise<void> {
  const { size, ...names } = productNames(context.quick);
  const plain: MatmulProblem = { m: size, n: size, k: size, transposeA: false, transposeB: false, lead: [], leadA: [], leadB: [] };
  const half: MatmulProblem = { ...plain, types: ['f16', 'f16', 'f32'] };
  const operands = new Map<string, Numbers>();
  const input: KernelCase<unknown>['input'] = ({ name, length }) => {
    const values = operands.get(name) ?? noise(length, name.charCodeAt(0));
    operands.set(name, values);
    return values;
  };
  const timed = (name: string, problem: MatmulProblem, variant?: string): TimedCase => ({
    selected: { kernel: kernels.matmul as unknown as AnyKernel, one: { name, problem, tolerance: 1e-5, input, f16: problem !== plain }, pass: 'forward' },
    ...(variant === undefined ? {} : { variant }),
    seconds: 1,
  });
  const variants = kernels.matmul.variants!.names(half, context.capabilities);
  const matrix = variants.find((name) => name.startsWith('matrix'));
  const other = variants.find((name) => !name.startsWith('matrix'));
  if (matrix === undefined) findings.skipped.push(`${names.matrix}: the adapter offers no subgroup matrix of f16 that fits`);
  await measureAll(context, findings, [
    timed(names.f32, plain),
    timed(names.f16, half, other),
    ...(matrix === undefined ? [] : [timed(names.matrix, half, matrix)]),
  ]);
}

/** Attention of many heads over long rows, forward and backward. */
export async function attention(context: PartContext, findings: Findings): Promise<void> {
  const [batch, heads, tokens] = context.quick ? [1, 2, 64] : [8, 12, 512];
  const base = { batch, heads, headSize: 64, scale: 1 / 8, queries: tokens, keys: tokens, masked: false };
  const kinds = [false, true].flatMap((causal) => (['forward', 'gradient'] as const).map((of) => ({ ...base, of, causal })));
  const cases = kinds.map((problem): TimedCase => {
    // A log-sum-exp above every score keeps gradients small.
    const input: KernelCase<unknown>['input'] = ({ name, length }) =>
      name === 'logSumExp' && problem.of === 'gradient' ? new Float32Array(length).fill(Math.log(tokens) + 1) : undefined;
    const one = { name: `${problem.causal ? 'causal' : 'full'}, ${batch}x${heads}x${tokens}x64`, problem, tolerance: 5e-6, input };
    const kernel = kernels.attention as unknown as AnyKernel;
    return { selected: { kernel, one, pass: problem.of === 'forward' ? 'forward' : 'backward' }, seconds: 0.5 };
  });
  await measureAll(context, findings, cases);
}

/** Every kernel at the shapes of models, those of least work first; of a quick report one small case of each kernel and pass. */
export async function modelShapes(context: PartContext, findings: Findings): Promise<void> {
  const all = selectCases({ small: context.quick }).filter(({ one }) => (context.quick ? !one.large && !one.f16 : true));
  const kinds = new Set<string>();
  const first = all.filter(({ kernel, pass }) => !kinds.has(`${kernel.name} ${pass}`) && kinds.add(`${kernel.name} ${pass}`));
  const cases = context.quick ? first : all.toSorted((a, b) => a.kernel.cost(a.one.problem).flops - b.kernel.cost(b.one.problem).flops);
  await measureAll(
    context,
    findings,
    cases.map((selected) => ({ selected, seconds: context.quick ? 0.05 : 0.15 })),
  );
}
