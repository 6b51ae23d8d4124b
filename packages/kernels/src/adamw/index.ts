// AdamW in place, and the global norm of all gradients that it clips by [Loshchilov & Hutter 2019].
import type { Dispatch, Kernel, Numbers } from '../kernel.ts';
import { floatBits, lanesOf, pack, spread, spreadThreads } from '../shader.ts';
import { cases, normCases } from './cases.ts';
import { normReference, reference } from './reference.ts';
import { normShader, squaresShader, updateShader } from './wgsl.ts';

/** Constants of one parameter's update. */
export interface AdamWProblem {
  readonly length: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** 0 where the parameter does not decay. */
  readonly weightDecay: number;
  /** Greatest global norm; Infinity for no clipping. */
  readonly maxNorm: number;
  /** Upper bound of the new values; Infinity for none. */
  readonly ceiling: number;
  /** Factor on the learning rate. */
  readonly rate: number;
  /** Whether gradients come multiplied by a loss scale, an input of its own; where the norm is not finite nothing is then updated. */
  readonly scaled?: boolean;
}

/** Greatest f32: what stands for infinity in a shader. */
const finite = (value: number): number => Math.min(value, 3.4028234663852886e38);

/** The kernel: learning rate, step and norm (one element each), gradient, loss scale where scaled (one element); parameter and moments are rewritten in place. */
export const adamW: Kernel<AdamWProblem> = {
  name: 'adamw',
  pass: () => 'backward',
  arrays: ({ length, scaled }) => ({
    inputs: [1, 1, 1, length, ...(scaled ? [1] : [])].map((size) => ({ type: 'f32' as const, length: size })),
    outputs: [length, length, length].map((size) => ({ type: 'f32' as const, length: size })),
  }),
  dispatches: ({ length, beta1, beta2, epsilon, weightDecay, maxNorm, ceiling, rate, scaled = false }) => {
    if (length === 0) return [];
    // Rates of the bias corrections: logarithms are taken in float64 here, since 1 - beta2 is small.
    const lanes = lanesOf(length);
    const parameters = pack([
      length / lanes,
      ...[beta1, beta2, epsilon, weightDecay, finite(maxNorm), finite(ceiling), Math.log(beta1), Math.log(beta2), 1 - beta1, 1 - beta2].map(floatBits),
      Number.isFinite(maxNorm) ? 1 : 0,
      floatBits(rate),
    ]);
    return [
      {
        label: 'adamw',
        code: updateShader(lanes, scaled, parameters.length),
        parameters,
        arrays: scaled ? [0, 1, 2, 3, 4, 5, 6, 7] : [0, 1, 2, 3, 4, 5, 6],
        writes: scaled ? [5, 6, 7] : [4, 5, 6],
        workgroups: spreadThreads(length / lanes),
      },
    ];
  },
  cost: ({ length }) => ({ flops: 16 * length, bytes: 28 * length }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};

/** Lengths of all gradients. */
export interface GradientNormProblem {
  readonly lengths: readonly number[];
  /** Whether gradients come multiplied by a loss scale, the last input. */
  readonly scaled?: boolean;
}

/** Elements that one workgroup squares and sums. */
const chunk = 8192;
/** Gradients of one dispatch: with their results, as many arrays as any adapter binds. */
const together = 7;
const chunksOf = (length: number): number => Math.ceil(length / chunk);

/** The kernel: n gradients, their loss scale where scaled -> their global L2 norm (one element). Sums run in a fixed order. */
export const gradientNorm: Kernel<GradientNormProblem> = {
  name: 'gradient-norm',
  pass: () => 'backward',
  arrays: ({ lengths, scaled }) => ({
    inputs: [...lengths, ...(scaled ? [1] : [])].map((length) => ({ type: 'f32' as const, length })),
    outputs: [{ type: 'f32', length: 1 }],
    temporaries: [
      {
        type: 'f32',
        length: Math.max(
          1,
          lengths.reduce((total, length) => total + chunksOf(length), 0),
        ),
      },
    ],
  }),
  dispatches: ({ lengths, scaled = false }) => {
    const scale = scaled ? [lengths.length] : [];
    const output = lengths.length + scale.length;
    const partial = output + 1;
    let start = 0;
    const summed = lengths.map((length, i) => ({ length, i, chunks: chunksOf(length) })).filter(({ length }) => length > 0);
    const squares = Array.from({ length: Math.ceil(summed.length / together) }, (_, at): Dispatch => {
      const group = summed.slice(at * together, (at + 1) * together);
      const chunks = group.reduce((total, each) => total + each.chunks, 0);
      const parameters = pack([chunks, chunk, start, 0, ...group.flatMap((each) => [each.length, each.chunks])]);
      start += chunks;
      return {
        label: `gradient-norm: squares of ${group.length}`,
        code: squaresShader(group.length, parameters.length),
        parameters,
        arrays: [...group.map(({ i }) => i), partial],
        writes: [partial],
        workgroups: spread(chunks),
      };
    });
    const parameters = pack([start]);
    return [
      ...squares,
      {
        label: 'gradient-norm',
        code: normShader(scaled, parameters.length),
        parameters,
        arrays: [partial, ...scale, output],
        writes: [output],
        workgroups: [1, 1, 1],
      },
    ];
  },
  cost: ({ lengths }) => ({ flops: 2 * lengths.reduce((a, b) => a + b, 0), bytes: 4 + 4 * lengths.reduce((a, b) => a + b, 0) }),
  reference: (problem, inputs): readonly Numbers[] => normReference(problem, inputs),
  cases: normCases,
};
