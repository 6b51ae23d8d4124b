// Batched matrix products with both transpose flags and a fused epilogue; the tier is chosen by what the adapter can do.
import type { Shader } from '../dispatch.ts';
import { dispatchOf, onArrays } from '../dispatch.ts';
import type { Capabilities, Dispatch, Kernel, Numbers } from '../kernel.ts';
import { arrayOf, bytesOf, everyAdapter, sizeOf, variantOf } from '../kernel.ts';
import { longItems, spread, spreadThreads } from '../shader.ts';
import { broadcastShader } from './broadcast.ts';
import { cases } from './cases.ts';
import { directShader } from './direct.ts';
import { matrixShader } from './matrix.ts';
import type { MatmulProblem } from './problem.ts';
import { batchOf, typesOf } from './problem.ts';
import { reference } from './reference.ts';
import type { TierText } from './tile.ts';
import { parametersOf, sumParameters, sumShader, textOf } from './tile.ts';
import type { ProductVariant, Tier } from './variants.ts';
import { shapeClass, variantsFor } from './variants.ts';
import { vectorRows, vectorShader } from './vector.ts';
import { workgroupShader } from './workgroup.ts';

/** Number of matrices an operand holds. */
const matrices = (lead: readonly number[], strides: readonly number[]): number =>
  lead.includes(0) ? 0 : 1 + lead.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, 0);

function arrays(problem: MatmulProblem, capabilities: Capabilities = everyAdapter, variant?: string) {
  const { m, n, k, lead, leadA, leadB, epilogue } = problem;
  const [a, b, y] = typesOf(problem);
  const { slices } = variantOf(variantsFor(problem, capabilities), variant).cut;
  const length = sizeOf(lead) * m * n;
  return {
    inputs: [
      arrayOf('a', matrices(lead, leadA) * m * k, a),
      arrayOf('b', matrices(lead, leadB) * k * n, b),
      ...(epilogue?.inputs ?? []).map((view, i) => arrayOf(`x${i}`, view.length, view.type)),
    ],
    outputs: [arrayOf('y', length, y)],
    ...(slices > 1 ? { temporaries: [arrayOf('sliceSums', length * slices)] } : {}),
  };
}

/** A tier's shader. */
function shaderFor(problem: MatmulProblem, tier: Tier, text: TierText): Shader {
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

/** The dispatches of a variant: the product, or sums of its slices along k and then their sum. */
function dispatchesOf(problem: MatmulProblem, { tier, cut }: ProductVariant): Dispatch[] {
  const { m, n, k } = problem;
  const batch = batchOf(problem);
  if (batch * m * n === 0) return [];
  const parameters = parametersOf(problem, cut);
  const label = `matmul ${m}x${n}x${k}${batch > 1 ? ` x${batch}` : ''}`;
  const perItem = tier.kind === 'direct' || (tier.kind === 'vector' && !tier.grouped);
  const workgroups = perItem ? spreadThreads(parameters.items, longItems) : spread(parameters.items);
  const product = dispatchOf(`${label}, ${tier.kind}`, parameters, shaderFor(problem, tier, textOf(problem, cut)), workgroups);
  if (cut.slices === 1) return [product];
  const sum = `${label}, sum of ${cut.slices} slices`;
  return [onArrays(product, { y: 'sliceSums' }), dispatchOf(sum, sumParameters(problem, cut.slices), sumShader(problem), spreadThreads(batch * m * n))];
}

/** The kernel. */
export const matmul: Kernel<MatmulProblem> = {
  name: 'matmul',
  pass: ({ transposeA }) => (transposeA ? 'backward' : 'forward'),
  arrays,
  variants: { names: (problem, capabilities) => variantsFor(problem, capabilities).map(({ name }) => name), shapeClass },
  dispatches: (problem, capabilities = everyAdapter, variant) => dispatchesOf(problem, variantOf(variantsFor(problem, capabilities), variant)),
  cost: (problem) => ({ flops: 2 * sizeOf(problem.lead) * problem.m * problem.n * problem.k, bytes: bytesOf(arrays(problem)) }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs as [Numbers, Numbers]),
  cases,
};
