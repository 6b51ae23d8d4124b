// Products of matrices and convolutions: those that something may leave with are computed when it is known.
import { stridesOf } from '@hybridmed/tensor';
import { kernels } from '@hybridmed/kernels';
import type { Rule } from './rule.ts';
import { runKernel } from './rule.ts';

/** An operand's strides along the batch's axes, counted in matrices; 0 where it repeats. */
function leadStrides(operand: readonly number[], lead: readonly number[]): number[] {
  const own = operand.slice(0, -2);
  const strides = stridesOf(own);
  return lead.map((_, axis) => {
    const at = axis - (lead.length - own.length);
    return at < 0 || own[at] === 1 ? 0 : strides[at]!;
  });
}

const matmul: Rule<'matmul'> = (node, fusion) => {
  const [a, b] = node.inputs.map((input) => fusion.shape(input)) as [number[], number[]];
  const shape = fusion.shape(node.outputs[0]!);
  const { transposeA, transposeB } = node.attributes;
  const lead = shape.slice(0, -2);
  const [m, n, k] = [shape.at(-2)!, shape.at(-1)!, a.at(transposeA ? -2 : -1)!];
  const problem = { m, n, k, transposeA, transposeB, lead, leadA: leadStrides(a, lead), leadB: leadStrides(b, lead) };
  fusion.setProduct(node, { kernel: 'matmul', problem });
};

type Four = readonly [number, number, number, number];

/** A convolution's output, or one of its gradients. */
function convolution<K extends 'conv2d' | 'conv2dGradInput' | 'conv2dGradWeight'>(of: 'output' | 'input' | 'weight'): Rule<K> {
  return (node, fusion) => {
    const [a, b, y] = [...node.inputs, node.outputs[0]!].map((tensor) => fusion.shape(tensor)) as unknown as [Four, Four, Four];
    const shapes = of === 'output' ? { x: a, weight: b, y } : of === 'input' ? { y: a, weight: b, x: y } : { x: a, y: b, weight: y };
    const { stride, padding, groups } = node.attributes;
    const [top, left] = padding;
    const problem = { of, ...shapes, stride, padding: [top, left] as const, ...(groups > 1 ? { groups } : {}) };
    if (of === 'output') fusion.setProduct(node, { kernel: 'convolution', problem });
    else runKernel(fusion, node, kernels.convolution, fusion.storage.rounds(node) ? { ...problem, half: true } : problem);
  };
}

/** Rules of contractions. */
export const contractions = {
  matmul,
  conv2d: convolution<'conv2d'>('output'),
  conv2dGradInput: convolution<'conv2dGradInput'>('input'),
  conv2dGradWeight: convolution<'conv2dGradWeight'>('weight'),
};
