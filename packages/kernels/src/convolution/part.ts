// One product whose operands are read from films and kernels: the tiers of products, with loads and writes of its own.
import type { Capabilities, Dispatch } from '../kernel.ts';
import { variantOf } from '../kernel.ts';
import type { Tier, Way } from '../matmul/choice.ts';
import { waysFor } from '../matmul/choice.ts';
import { matrixShader } from '../matmul/matrix.ts';
import type { Epilogue, MatmulProblem } from '../matmul/problem.ts';
import type { TierText } from '../matmul/tile.ts';
import { parametersOf, textOf } from '../matmul/tile.ts';
import { workgroupShader } from '../matmul/workgroup.ts';
import type { Binding } from '../shader.ts';
import { declare, pack, perThread, spread, spreadThreads, u } from '../shader.ts';
import { epilogueBindings } from './epilogue.ts';
import { denseWriter } from './layout.ts';

/** A tier whose loads can be replaced. */
type ImplicitTier = Extract<Tier, { kind: 'broadcast' | 'workgroup' | 'matrix' }>;

/** Such a tier with its cut. */
export type ImplicitWay = Way & { readonly tier: ImplicitTier };

const isImplicit = (way: Way): way is ImplicitWay => way.tier.kind === 'broadcast' || way.tier.kind === 'workgroup' || way.tier.kind === 'matrix';

/** What an adapter can compute a product by, the likeliest first: its tiers whose loads can be replaced. */
export const implicitWays = (problem: MatmulProblem, capabilities: Capabilities): readonly ImplicitWay[] => waysFor(problem, capabilities).filter(isImplicit);

/** The way that is asked for, else the first; undefined where there is none. Throws a RangeError for a name that is not among them. */
export function implicitWay(problem: MatmulProblem, capabilities: Capabilities, variant: string | undefined): ImplicitWay | undefined {
  const ways = implicitWays(problem, capabilities);
  return ways.length === 0 ? undefined : variantOf(ways, variant);
}

/** A product, and what it has of its own. */
export interface Part {
  readonly label: string;
  readonly problem: MatmulProblem;
  readonly way: ImplicitWay;
  /** Parameters after those of the product. */
  readonly parameters: readonly number[];
  /** Whether A is read in quads. */
  readonly quads: boolean;
  /** Loads of the tiers that stage blocks. */
  readonly loaders: (operands: TierText['operands']) => string;
  readonly writer: string;
  /** What leaves with the result, as `writer` has it. */
  readonly epilogue?: Epilogue;
  /** The broadcast tier's shader, which has loops of its own. */
  readonly broadcast: (size: number, quads: boolean, parameters: number, writer: string, between: readonly Binding[]) => string;
}

/** The shader of a part's products. */
function codeOf({ problem, way: { tier, cut }, quads, loaders, writer, epilogue, broadcast }: Part, parameters: number): string {
  if (tier.kind === 'broadcast') return broadcast(tier.size, quads, parameters, writer, epilogueBindings(epilogue));
  const plain = textOf(problem, cut, parameters);
  const operands = [
    { ...plain.operands[0], quads },
    { ...plain.operands[1], quads: false },
  ] as const;
  const whole = cut.slices === 1 ? epilogue : undefined;
  const text: TierText = { ...plain, operands, epilogue: whole, own: { loaders: loaders(operands), writer: cut.slices > 1 ? denseWriter : writer } };
  return tier.kind === 'matrix' ? matrixShader(text, tier.shape) : workgroupShader(text, tier.tile);
}

/** The dispatches of a part on A, B, the epilogue's inputs `more` and the result; sums of slices lie in array `partial`. */
export function partDispatches(
  part: Part,
  { a, b, y, partial, more }: { a: number; b: number; y: number; partial: number; more: readonly number[] },
): Dispatch[] {
  const {
    label,
    problem,
    way: { tier, cut },
    writer,
    epilogue,
  } = part;
  const parameters = pack([...parametersOf(problem, cut), ...part.parameters]);
  const to = cut.slices > 1 ? partial : y;
  const workgroups = spread(cut.down * cut.across * cut.slices);
  const first = {
    label: `${label}, ${tier.kind}`,
    code: codeOf(part, parameters.length),
    parameters,
    arrays: [a, b, ...(cut.slices === 1 ? more : []), to],
    writes: [to],
    workgroups,
  };
  if (cut.slices === 1) return [first];
  const count = `${u(1)} * ${u(2)}`;
  const sum = `  var sum = partial[i];
  for (var slice = 1u; slice < ${u(6)}; slice++) { sum += partial[slice * ${count} + i]; }
  write(i, sum);`;
  const bindings = [{ name: 'partial', type: 'f32' as const }, ...epilogueBindings(epilogue), { name: 'y', type: 'f32' as const, write: true }];
  const code = `${declare(bindings, parameters.length)}${writer}${perThread(count, sum)}`;
  const added = { code, parameters, arrays: [partial, ...more, y], writes: [y], workgroups: spreadThreads(problem.m * problem.n) };
  return [first, { label: `${label}, sum of ${cut.slices} slices`, ...added }];
}
