// One product whose operands are read from images and kernels: the tiers of products, with loads and writes of its own.
import type { ItemType, Shader } from '../dispatch.ts';
import { dispatchOf, onArrays, shaderOf } from '../dispatch.ts';
import type { Capabilities, Dispatch } from '../kernel.ts';
import { variantOf } from '../kernel.ts';
import { matrixShader } from '../matmul/matrix.ts';
import type { Epilogue, MatmulProblem } from '../matmul/problem.ts';
import type { TierText } from '../matmul/tile.ts';
import { epilogueReads, parametersOf, textOf } from '../matmul/tile.ts';
import type { ProductVariant, Tier } from '../matmul/variants.ts';
import { variantsFor } from '../matmul/variants.ts';
import { workgroupShader } from '../matmul/workgroup.ts';
import type { Parameters } from '../parameters.ts';
import { perThread, spread, spreadThreads } from '../shader.ts';
import { denseWriter } from './parameters.ts';

/** A tier whose loads can be replaced. */
type ImplicitTier = Extract<Tier, { kind: 'broadcast' | 'workgroup' | 'matrix' }>;

/** Such a tier with its cut. */
export type ImplicitVariant = ProductVariant & { readonly tier: ImplicitTier };

const isImplicit = (variant: ProductVariant): variant is ImplicitVariant => ['broadcast', 'workgroup', 'matrix'].includes(variant.tier.kind);

/** What an adapter can compute a product by, the likeliest first: its tiers whose loads can be replaced. */
export const implicitVariants = (problem: MatmulProblem, capabilities: Capabilities): readonly ImplicitVariant[] =>
  variantsFor(problem, capabilities).filter(isImplicit);

/** The variant of that name, else the first; undefined where there is none. Throws a RangeError for a name that is not among them. */
export function implicitVariant(problem: MatmulProblem, capabilities: Capabilities, name: string | undefined): ImplicitVariant | undefined {
  const variants = implicitVariants(problem, capabilities);
  return variants.length === 0 ? undefined : variantOf(variants, name);
}

/** A product, and what it has of its own. Its shaders read `a` and `b` and write `y`. */
export interface ImplicitProduct {
  readonly label: string;
  readonly problem: MatmulProblem;
  readonly variant: ImplicitVariant;
  /** Parameters after those of the product. */
  readonly parameters: Parameters;
  /** Whether A is read in quads. */
  readonly quads: boolean;
  /** Loads of the tiers that stage blocks. */
  readonly loaders: (operands: TierText['operands']) => string;
  readonly writer: string;
  /** What leaves with the result, as `writer` has it. */
  readonly epilogue?: Epilogue;
  /** The broadcast tier's shader, which has loops of its own. */
  readonly broadcast: (size: number, quads: boolean, writer: string, more: Readonly<Record<string, ItemType>>) => Shader;
}

/** The shader of the product, or of its slices. */
function productShader({ problem, variant: { tier, cut }, quads, loaders, writer, epilogue, broadcast }: ImplicitProduct): Shader {
  if (tier.kind === 'broadcast') return broadcast(tier.size, quads, writer, epilogueReads(epilogue));
  const plain = textOf(problem, cut);
  const operands = [
    { ...plain.operands[0], quads },
    { ...plain.operands[1], quads: false },
  ] as const;
  const whole = cut.slices === 1 ? epilogue : undefined;
  const text: TierText = { ...plain, operands, epilogue: whole, own: { loaders: loaders(operands), writer: cut.slices > 1 ? denseWriter : writer } };
  return tier.kind === 'matrix' ? matrixShader(text, tier.shape) : workgroupShader(text, tier.tile);
}

/** One thread per element: the slices' sums added in order. */
const sumShader = ({ writer, epilogue }: ImplicitProduct) =>
  shaderOf({
    reads: { sliceSums: 'f32', ...epilogueReads(epilogue) },
    writes: { y: 'f32' },
    code: `${writer}${perThread(
      'parameters.m * parameters.n',
      `  var sum = sliceSums[i];
  for (var slice = 1u; slice < parameters.slices; slice++) { sum += sliceSums[slice * parameters.m * parameters.n + i]; }
  write(i, sum);`,
    )}`,
  });

/** The dispatches of a product on arrays that stand for A, B, the result, and sums of slices where there are several. */
export function productDispatches(product: ImplicitProduct, arrays: Readonly<Record<'a' | 'b' | 'y' | 'sliceSums', string>>): Dispatch[] {
  const {
    label,
    problem,
    variant: { tier, cut },
  } = product;
  const parameters = { ...parametersOf(problem, cut), ...product.parameters };
  const { a, b, y, sliceSums } = arrays;
  const first = dispatchOf(`${label}, ${tier.kind}`, parameters, productShader(product), spread(cut.down * cut.across * cut.slices));
  if (cut.slices === 1) return [onArrays(first, { a, b, y })];
  const sum = dispatchOf(`${label}, sum of ${cut.slices} slices`, parameters, sumShader(product), spreadThreads(problem.m * problem.n));
  return [onArrays(first, { a, b, y: sliceSums }), onArrays(sum, { sliceSums, y })];
}
