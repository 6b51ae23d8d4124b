// Attention that models meet, and awkward kinds.
import type { ArraySpec, KernelCase, Numbers } from '../kernel.ts';
import type { AttentionProblem, AttentionRows } from './problem.ts';

type Kind = Omit<AttentionProblem, 'of' | 'scale'>;

const base: Kind = { batch: 2, queries: 5, keys: 7, heads: 2, headSize: 8, causal: false, masked: false };
const tolerance = 5e-6;
/** Half the last place of an f16, and what out's rounding does to D. */
const halfTolerance = 1e-3;
const everyRow: readonly AttentionRows[] = ['q', 'k', 'v', 'o', 'g', 'dq', 'dk', 'dv'];

/** Masks with holes; a log-sum-exp above every score, so that gradients stay small. */
function inputOf({ of, queries, keys, causal }: AttentionProblem, blind = false): (array: ArraySpec) => Numbers | undefined {
  return ({ name, length }) => {
    if (name === 'mask') return Float32Array.from({ length }, (_, i) => (blind || (i * 5) % 3 === 0 ? 0 : 1));
    if (of === 'gradient' && name === 'logSumExp') return Float32Array.from({ length }, () => Math.log(causal ? queries : keys) + 1);
    return undefined;
  };
}

const kinds: readonly { readonly name: string; readonly kind: Partial<Kind>; readonly blind?: boolean; readonly own?: boolean; readonly large?: boolean }[] = [
  { name: 'cross, 5 x 7', kind: {} },
  { name: 'causal, 9 x 9', kind: { queries: 9, keys: 9, causal: true } },
  { name: 'masked', kind: { keys: 70, masked: true } },
  { name: 'causal and masked, odd head', kind: { queries: 6, keys: 6, heads: 3, headSize: 5, causal: true, masked: true } },
  { name: 'one query', kind: { queries: 1, keys: 33, headSize: 8 } },
  { name: 'three queries on a cache, masked', kind: { queries: 3, keys: 65, headSize: 12, masked: true } },
  { name: 'no key to be seen', kind: { queries: 6, keys: 17, masked: true }, blind: true },
  { name: 'no key to be seen, one query', kind: { queries: 1, keys: 17, masked: true }, blind: true },
  { name: 'odd head, 65 x 63', kind: { batch: 1, queries: 65, keys: 63, headSize: 7 } },
  { name: 'one head of 1, 197 x 3', kind: { batch: 1, queries: 197, keys: 3, heads: 1, headSize: 1 } },
  { name: 'head of 32, causal, 33 x 33', kind: { batch: 1, queries: 33, keys: 33, headSize: 32, causal: true }, own: true },
  { name: 'head of 64, masked, 17 x 65', kind: { batch: 1, queries: 17, keys: 65, headSize: 64, masked: true }, own: true },
  { name: 'head of 128, 9 x 10', kind: { batch: 1, queries: 9, keys: 10, heads: 1, headSize: 128 }, own: true },
  { name: 'f16, masked', kind: { keys: 33, masked: true, half: everyRow } },
  { name: 'f16, causal, odd head, 9 x 9', kind: { queries: 9, keys: 9, headSize: 5, causal: true, half: everyRow }, own: true },
  { name: 'f16, one query', kind: { queries: 1, keys: 33, half: everyRow } },
  { name: 'values and their gradients f16, 6 x 17', kind: { queries: 6, keys: 17, half: ['v', 'o', 'dv'] }, own: true },
  { name: 'f16, no key to be seen', kind: { queries: 6, keys: 17, masked: true, half: everyRow }, blind: true, own: true },
  { name: 'no queries', kind: { queries: 0 } },
  { name: 'no keys', kind: { keys: 0 } },
  { name: 'no studies', kind: { batch: 0 } },
  { name: 'ViT-B/16, 1x12x197x64', kind: { batch: 1, queries: 197, keys: 197, heads: 12, headSize: 64 }, large: true },
  { name: 'ViT-S/16, 4x6x197x64', kind: { batch: 4, queries: 197, keys: 197, heads: 6, headSize: 64 }, large: true },
  { name: 'BERT, masked, 4x12x128x64', kind: { batch: 4, queries: 128, keys: 128, heads: 12, headSize: 64, masked: true }, large: true },
  { name: 'decoder, causal, 8x6x48x64', kind: { batch: 8, queries: 48, keys: 48, heads: 6, headSize: 64, causal: true }, large: true },
  { name: 'decoder, on 196 patches, 4x6x48x64', kind: { batch: 4, queries: 48, keys: 196, heads: 6, headSize: 64 }, large: true },
];

/** Cases: both passes of each kind. */
export const cases: readonly KernelCase<AttentionProblem>[] = (['forward', 'gradient'] as const).flatMap((of) =>
  kinds.map(({ name, kind, blind, own, large }) => {
    const problem: AttentionProblem = { ...base, ...kind, of, scale: 1 / Math.sqrt(kind.headSize ?? base.headSize) };
    return {
      name: large ? name : `${name}, ${of}`,
      problem,
      tolerance: kind.half ? halfTolerance : tolerance,
      input: inputOf(problem, blind),
      ...(kind.half ? { f16: true } : {}),
      ...(own ? { own } : {}),
      ...(large ? { large } : {}),
    };
  }),
);
