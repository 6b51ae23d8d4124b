// Batched matrix products with both transpose flags and a fused epilogue; the tier is chosen by what the adapter can do.
import type { Capabilities, Dispatch, Kernel, Numbers } from '../kernel.ts';
import { bytesOf, everyAdapter, product, variantOf } from '../kernel.ts';
import { longItems, spread, spreadThreads } from '../shader.ts';
import { cases } from './cases.ts';
import type { Tier, Way } from './choice.ts';
import { shapeClass, waysFor } from './choice.ts';
import { broadcastShader } from './broadcast.ts';
import { directShader } from './direct.ts';
import { matrixShader } from './matrix.ts';
import type { MatmulProblem } from './problem.ts';
import { batchOf, typesOf } from './problem.ts';
import { reference } from './reference.ts';
import type { TierText } from './tile.ts';
import { parametersOf, sumParameters, sumShader, textOf } from './tile.ts';
import { vectorRows, vectorShader } from './vector.ts';
import { workgroupShader } from './workgroup.ts';

/** Number of matrices an operand holds. */
const matrices = (lead: readonly number[], strides: readonly number[]): number =>
  lead.includes(0) ? 0 : 1 + lead.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, 0);

function arrays(problem: MatmulProblem, capabilities: Capabilities = everyAdapter, variant?: string) {
  const { m, n, k, lead, leadA, leadB, epilogue } = problem;
  const [a, b, y] = typesOf(problem);
  const { slices } = variantOf(waysFor(problem, capabilities), variant).cut;
  const length = product(lead) * m * n;
  return {
    inputs: [
      { type: a, length: matrices(lead, leadA) * m * k },
      { type: b, length: matrices(lead, leadB) * k * n },
      ...(epilogue?.inputs ?? []).map(({ type, length: elements }) => ({ type, length: elements })),
    ],
    outputs: [{ type: y, length }],
    ...(slices > 1 ? { temporaries: [{ type: 'f32' as const, length: length * slices }] } : {}),
  };
}

/** A tier's shader. */
function codeOf(problem: MatmulProblem, tier: Tier, text: TierText): string {
  switch (tier.kind) {
    case 'direct':
      return directShader(problem, text);
    case 'broadcast':
      return broadcastShader(text, tier.size);
    case 'vector':
      return vectorShader(text, Math.min(problem.m, vectorRows), tier.grouped);
    case 'workgroup':
      return workgroupShader(text, tier.tile);
    case 'matrix':
      return matrixShader(text, tier.shape);
  }
}

/** The dispatches of one way. */
function dispatchesOf(problem: MatmulProblem, { tier, cut }: Way): Dispatch[] {
  const { m, n, k, epilogue } = problem;
  const batch = batchOf(problem);
  if (batch * m * n === 0) return [];
  const items = batch * cut.down * cut.across * cut.slices;
  const parameters = parametersOf(problem, cut);
  const label = `matmul ${m}x${n}x${k}${batch > 1 ? ` x${batch}` : ''}`;
  const extra = epilogue?.inputs.length ?? 0;
  const [output, partial] = [2 + extra, 3 + extra];
  const views = Array.from({ length: extra }, (_, at) => 2 + at);
  const perItem = tier.kind === 'direct' || (tier.kind === 'vector' && !tier.grouped);
  const first = {
    label: `${label}, ${tier.kind}`,
    code: codeOf(problem, tier, textOf(problem, cut, parameters.length)),
    parameters,
    arrays: cut.slices === 1 ? [0, 1, ...views, output] : [0, 1, partial],
    writes: [cut.slices === 1 ? output : partial],
    workgroups: perItem ? spreadThreads(items, longItems) : spread(items),
  };
  if (cut.slices === 1) return [first];
  const added = sumParameters(problem, cut.slices);
  const sum = { label: `${label}, sum of ${cut.slices} slices`, code: sumShader(problem, added.length), parameters: added };
  return [first, { ...sum, arrays: [partial, ...views, output], writes: [output], workgroups: spreadThreads(batch * m * n) }];
}

/** The kernel. */
export const matmul: Kernel<MatmulProblem> = {
  name: 'matmul',
  pass: ({ transposeA }) => (transposeA ? 'backward' : 'forward'),
  arrays,
  variants: { names: (problem, capabilities) => waysFor(problem, capabilities).map(({ name }) => name), shapeClass },
  dispatches: (problem, capabilities = everyAdapter, variant) => dispatchesOf(problem, variantOf(waysFor(problem, capabilities), variant)),
  cost: (problem) => ({ flops: 2 * product(problem.lead) * problem.m * problem.n * problem.k, bytes: bytesOf(arrays(problem)) }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs as [Numbers, Numbers]),
  cases,
};
