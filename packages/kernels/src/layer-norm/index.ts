// Layer norm over the last axis and its gradients [Ba et al. 2016].
import type { Kernel, Numbers } from '../kernel.ts';
import { bytesOf } from '../kernel.ts';
import { floatBits, pack, spread } from '../shader.ts';
import { cases } from './cases.ts';
import { reference } from './reference.ts';
import { forwardShader, inputShader, weightShader } from './wgsl.ts';

/** Rows of `width` elements. Forward: x, weight, bias -> y, mean, scale. Gradient: x, weight, mean, scale, dy -> dx, dweight, dbias. */
export interface LayerNormProblem {
  readonly of: 'forward' | 'gradient';
  readonly rows: number;
  readonly width: number;
  readonly epsilon: number;
}

function arrays({ of, rows, width }: LayerNormProblem) {
  const [x, row, column] = [rows * width, rows, width].map((length) => ({ type: 'f32' as const, length })) as [
    { type: 'f32'; length: number },
    { type: 'f32'; length: number },
    { type: 'f32'; length: number },
  ];
  return of === 'forward' ? { inputs: [x, column, column], outputs: [x, row, row] } : { inputs: [x, column, row, row, x], outputs: [x, column, column] };
}

/** The kernel. */
export const layerNorm: Kernel<LayerNormProblem> = {
  name: 'layer-norm',
  pass: ({ of }) => (of === 'forward' ? 'forward' : 'backward'),
  arrays,
  dispatches: ({ of, rows, width, epsilon }) => {
    const parameters = pack([rows, width, floatBits(epsilon)]);
    const count = parameters.length;
    if (of === 'forward')
      return rows === 0
        ? []
        : [{ label: 'layer-norm', code: forwardShader(count), parameters, arrays: [0, 1, 2, 3, 4, 5], writes: [3, 4, 5], workgroups: spread(rows) }];
    return [
      ...(rows * width === 0
        ? []
        : [{ label: 'layer-norm: dx', code: inputShader(count), parameters, arrays: [0, 1, 2, 3, 4, 5], writes: [5], workgroups: spread(rows) }]),
      ...(width === 0
        ? []
        : [
            {
              label: 'layer-norm: dweight, dbias',
              code: weightShader(count),
              parameters,
              arrays: [0, 2, 3, 4, 6, 7],
              writes: [6, 7],
              workgroups: spread(width),
            },
          ]),
    ];
  },
  cost: (problem) => ({ flops: (problem.of === 'forward' ? 7 : 14) * problem.rows * problem.width, bytes: bytesOf(arrays(problem)) }),
  reference: (problem, inputs): readonly Numbers[] => reference(problem, inputs),
  cases,
};
