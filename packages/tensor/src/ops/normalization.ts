// Fused ops over the last axis: GELU, softmax, log-softmax, layer norm. Each carries its definition in primitives.
import { sameShape } from '../dim.ts';
import type { TensorSpec } from '../spec.ts';
import type { Tensor } from '../node.ts';
import { add, div, erf, exp, log, mul, sqrt, stopGradient, sub } from './elementwise.ts';
import { reshape } from './movement.ts';
import { max, mean, sum } from './reductions.ts';
import { apply, applyOne } from './op-row.ts';
import type { OpRow } from './op-row.ts';

declare module './attributes.ts' {
  interface OpAttributes {
    gelu: None;
    geluGrad: None;
    softmax: None;
    logSoftmax: None;
    layerNorm: { readonly epsilon: number };
    layerNormGrad: None;
  }
}

/** GELU with the error function: x (1 + erf(x / sqrt 2)) / 2 [Hendrycks & Gimpel 2016]. */
export const gelu = (x: Tensor): Tensor => applyOne('gelu', [x], {});
/** Softmax over the last axis. */
export const softmax = (x: Tensor): Tensor => applyOne('softmax', [x], {});
/** Logarithm of softmax over the last axis. */
export const logSoftmax = (x: Tensor): Tensor => applyOne('logSoftmax', [x], {});
/** (x - mean) / sqrt(variance + epsilon) * weight + bias over the last axis: x (..., d), weight and bias (d) [Ba et al. 2016]. */
export const layerNorm = (x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor => apply('layerNorm', [x, weight, bias], { epsilon })[0]!;

const last = { axes: [-1], keepDims: true };
const same = ([x]: readonly TensorSpec[], _: unknown, fail: (problem: string) => never): TensorSpec[] => {
  if (x!.dtype !== 'f32') fail('takes f32');
  return [{ shape: x!.shape, dtype: 'f32' }];
};
const sameWithAxis = (inputs: readonly TensorSpec[], attributes: unknown, fail: (problem: string) => never): TensorSpec[] => {
  if (inputs[0]!.shape.length === 0) fail('needs at least one axis');
  return same(inputs, attributes, fail);
};

/** x minus its greatest element, as a constant: what keeps exponentials from overflowing. */
const shifted = (x: Tensor): Tensor => sub(x, stopGradient(max(x, last)));

/** log sum exp(x) over the last axis, which goes. */
export function logSumExp(x: Tensor): Tensor {
  const total = add(log(sum(exp(shifted(x)), last)), stopGradient(max(x, last)));
  return reshape(total, x.shape.slice(0, -1));
}

/** Rows of the ops over the last axis. */
export const normalizationRows = {
  gelu: {
    documentation: 'x (1 + erf(x / sqrt 2)) / 2.',
    infer: same,
    gradient: ({ inputs: [x] }, [dy]) => [applyOne('geluGrad', [x!, dy!], {})],
    definition: ([x]) => [mul(mul(x!, 0.5), add(erf(mul(x!, Math.SQRT1_2)), 1))],
  } satisfies OpRow<'gelu'>,
  geluGrad: {
    documentation: 'dy (Phi(x) + x phi(x)): x, dy -> dx, with the normal distribution Phi and its density phi.',
    infer: same,
    gradient: 'definition',
    definition: ([x, dy]) => {
      const cumulative = mul(add(erf(mul(x!, Math.SQRT1_2)), 1), 0.5);
      const density = mul(exp(mul(mul(x!, x!), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return [mul(dy!, add(cumulative, mul(x!, density)))];
    },
  } satisfies OpRow<'geluGrad'>,
  softmax: {
    documentation: 'exp(x) / sum exp(x) over the last axis.',
    infer: sameWithAxis,
    gradient: ({ outputs: [y] }, [dy]) => {
      const weighted = mul(dy!, y!);
      return [sub(weighted, mul(y!, sum(weighted, last)))];
    },
    definition: ([x]) => {
      const e = exp(shifted(x!));
      return [div(e, sum(e, last))];
    },
  } satisfies OpRow<'softmax'>,
  logSoftmax: {
    documentation: 'x - ln sum exp(x) over the last axis.',
    infer: sameWithAxis,
    gradient: ({ outputs: [y] }, [dy]) => [sub(dy!, mul(exp(y!), sum(dy!, last)))],
    definition: ([x]) => {
      const z = shifted(x!);
      return [sub(z, log(sum(exp(z), last)))];
    },
  } satisfies OpRow<'logSoftmax'>,
  layerNorm: {
    documentation: 'x (..., d), weight (d), bias (d) -> y (..., d), mean (..., 1), 1 / standard deviation (..., 1).',
    infer: ([x, weight, bias], _, fail) => {
      const width = x!.shape.slice(-1);
      if (x!.shape.length === 0 || !sameShape(weight!.shape, width) || !sameShape(bias!.shape, width)) fail('weight and bias need the size of the last axis');
      const statistic: TensorSpec = { shape: [...x!.shape.slice(0, -1), 1], dtype: 'f32' };
      return [{ shape: x!.shape, dtype: 'f32' }, statistic, statistic];
    },
    gradient: (node, [dy, ...rest]) => {
      if (rest.some(Boolean)) throw new Error('layerNorm: no gradient through its statistics');
      const [, average, scale] = node.outputs;
      return apply('layerNormGrad', [node.inputs[0]!, node.inputs[1]!, average!, scale!, dy!], {});
    },
    definition: ([x, weight, bias], { epsilon }) => {
      const average = mean(x!, last);
      const centred = sub(x!, average);
      const scale = div(1, sqrt(add(mean(mul(centred, centred), last), epsilon)));
      return [add(mul(mul(centred, scale), weight!), bias!), average, scale];
    },
  } satisfies OpRow<'layerNorm'>,
  layerNormGrad: {
    documentation: 'x (..., d), weight (d), mean (..., 1), scale (..., 1), dy (..., d) -> dx, dweight (d), dbias (d).',
    infer: ([x, weight]) => [
      { shape: x!.shape, dtype: 'f32' },
      { shape: weight!.shape, dtype: 'f32' },
      { shape: weight!.shape, dtype: 'f32' },
    ],
    gradient: 'definition',
    definition: ([x, weight, average, scale, dy]) => {
      const normalized = mul(sub(x!, average!), scale!);
      const g = mul(dy!, weight!);
      const centred = sub(sub(g, mean(g, last)), mul(normalized, mean(mul(g, normalized), last)));
      const rows = { axes: x!.shape.slice(0, -1).map((_, axis) => axis) };
      return [mul(centred, scale!), sum(mul(dy!, normalized), rows), sum(dy!, rows)];
    },
  } satisfies OpRow<'layerNormGrad'>,
};
