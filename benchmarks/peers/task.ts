// The request to an engine and its answer: one kernel's problem on its inputs.
import type { AnyKernel, Kernel, Numbers, kernels } from '@hybridmed/kernels';

type ProblemOf<K extends keyof typeof kernels> = (typeof kernels)[K] extends Kernel<infer P> ? P : never;

/** Problems by the kernel's folder. */
export interface Problems {
  adamw: ProblemOf<'adamW'>;
  argmax: ProblemOf<'argmax'>;
  attention: ProblemOf<'attention'>;
  'batch-norm': ProblemOf<'batchNorm'>;
  convolution: ProblemOf<'convolution'>;
  'cross-entropy': ProblemOf<'crossEntropy'>;
  distillation: ProblemOf<'distillation'>;
  gather: ProblemOf<'gather'>;
  'gradient-norm': ProblemOf<'gradientNorm'>;
  'layer-norm': ProblemOf<'layerNorm'>;
  map: ProblemOf<'map'>;
  matmul: ProblemOf<'matmul'>;
  reduce: ProblemOf<'reduce'>;
  'scatter-add': ProblemOf<'scatterAdd'>;
  softmax: ProblemOf<'softmax'>;
}

/** One thing to run. */
export interface Task {
  readonly kernel: string;
  readonly problem: unknown;
  readonly inputs: readonly Numbers[];
  /** Which of an engine's ways: 0 is its best; the next is asked for where one is wrong on this adapter. */
  readonly variant?: number;
}

/** A task that is ready on an engine. */
export interface PreparedTask {
  /** Outputs in the kernel's order; undefined for those that the engine does not give. */
  run(): Promise<(Numbers | undefined)[]>;
  /** Runs so many times and waits; milliseconds of the whole by the host's clock. */
  time(times: number): Promise<number>;
  release(): void;
}

/** Why an engine has no row for a task: said in the report, never guessed. */
export class NotOffered extends Error {}

/** An engine of this suite. */
export interface Engine {
  readonly name: string;
  /** Throws NotOffered where the engine has no such operation. */
  prepare(task: Task): Promise<PreparedTask>;
}

/** One engine's way to each kernel; a missing kernel is one that it has no operation for. */
export type Table<Built> = { readonly [K in keyof Problems]?: (problem: Problems[K], inputs: readonly Numbers[], variant: number) => Built };

/** How many ways an engine has, where there are several. */
const ways: Readonly<Record<string, Readonly<Record<string, number>>>> = { onnxruntime: { attention: 2 } };

/** How many ways an engine has to a kernel. */
export const variantsOf = (engine: string, kernel: string): number => ways[engine]?.[kernel] ?? 1;

/** Looks a kernel up. Throws NotOffered where the table has none. */
export function lookUp<Built>(table: Table<Built>, { kernel, problem, inputs, variant = 0 }: Task): Built {
  const build = table[kernel as keyof Problems] as ((problem: unknown, inputs: readonly Numbers[], variant: number) => Built) | undefined;
  if (!build) throw new NotOffered(`has no operation for ${kernel}`);
  return build(problem, inputs, variant);
}

/** Refuses products whose form only our kernel knows (batches with repeats, fused epilogues). */
export function plainProduct(problem: Problems['matmul']): void {
  const { m: _m, n: _n, k: _k, transposeA: _a, transposeB: _b, lead, leadA: _la, leadB: _lb, ...more } = problem;
  if (lead.length > 0) throw new NotOffered('batches with strides of their own are not compared');
  const extra = Object.entries(more).find(([, value]) => value !== undefined);
  if (extra) throw new NotOffered(`no counterpart of "${extra[0]}"`);
}

/** The update of one tensor in arrays of its own, clipped. */
export function oneUpdate({
  sources,
  tensors,
  ...rest
}: Problems['adamw']): Omit<Problems['adamw'], 'sources' | 'tensors'> & Problems['adamw']['tensors'][number] {
  const [tensor] = tensors;
  if (tensors.length !== 1 || sources[0] !== tensor!.length) throw new NotOffered('updates of one tensor alone are compared');
  if (!Number.isFinite(rest.maxNorm) || rest.scaled || tensor!.rate !== 1 || Number.isFinite(tensor!.ceiling))
    throw new NotOffered('only clipped updates with one rate are compared');
  return { ...rest, ...tensor! };
}

/** What an element-wise chain computes, by its steps. */
export function chainKind({ steps }: Problems['map']): 'sum' | 'bias and gelu' | 'gelu gradient' {
  const kind = steps.map(({ op }) => op).join(' ');
  if (kind === 'add') return 'sum';
  if (kind === 'add gelu') return 'bias and gelu';
  if (kind === 'geluGrad') return 'gelu gradient';
  throw new NotOffered(`no counterpart of the chain "${kind}"`);
}

/** A reduction as a sum over the columns of a matrix. */
export function columns(problem: Problems['reduce']): { rows: number; width: number } {
  const { op, shape, axes, steps } = problem;
  const [rows, width] = shape;
  if (op !== 'sum' || shape.length !== 2 || axes.join() !== '0' || steps.length > 0) throw new NotOffered('only sums over columns are compared');
  return { rows: rows!, width: width! };
}

/**
 * Inputs on which every engine agrees: saved values (log-sum-exp, means) are those of the forward pass, as in training, and ids are
 * inside their table, since engines differ on others.
 */
export function consistentInputs(kernel: AnyKernel, problem: unknown, inputs: readonly Numbers[]): Numbers[] {
  const forward = (own: readonly Numbers[]) => kernel.reference({ ...(problem as object), of: 'forward' }, own) as [Numbers, Numbers, Numbers];
  const consistent: Numbers[] = [...inputs];
  if (kernel.name === 'gather') {
    const { rows } = problem as Problems['gather'];
    consistent[1] = inputs[1]!.map((id) => Math.min(Math.max(id, 0), rows - 1)) as Numbers;
  }
  if ((problem as { of?: string }).of !== 'gradient') return consistent;
  if (kernel.name === 'attention') {
    const [q, k, v, , , , ...mask] = consistent;
    [consistent[3], consistent[4]] = forward([q!, k!, v!, ...mask]);
  }
  if (kernel.name === 'layer-norm' || kernel.name === 'batch-norm') {
    const [x, weight] = consistent;
    [, consistent[2], consistent[3]] = forward([x!, weight!, new Float32Array(weight!.length)]);
  }
  if (kernel.name === 'cross-entropy') [, consistent[2]] = forward([consistent[0]!, consistent[1]!]);
  if (kernel.name === 'distillation') [, consistent[2], consistent[3]] = forward([consistent[0]!, consistent[1]!]);
  return consistent;
}
