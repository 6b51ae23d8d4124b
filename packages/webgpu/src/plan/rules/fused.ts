// Fused ops that have kernels of their own.
import type { AttentionRows } from '@hybridmed/kernels';
import { kernels } from '@hybridmed/kernels';
import type { Rule } from './rule.ts';
import { rowsOf, runKernel } from './rule.ts';

type Pass = 'forward' | 'gradient';

export const softmax: Rule<'softmax'> = (node, lowering) => runKernel(lowering, node, kernels.softmax, { ...rowsOf(node.inputs[0]!, lowering), log: false });

export const logSoftmax: Rule<'logSoftmax'> = (node, lowering) =>
  runKernel(lowering, node, kernels.softmax, { ...rowsOf(node.inputs[0]!, lowering), log: true });

export const layerNorm: Rule<'layerNorm'> = (node, lowering) => {
  const problem = { of: 'forward', ...rowsOf(node.inputs[0]!, lowering), epsilon: node.attributes.epsilon } as const;
  runKernel(lowering, node, kernels.layerNorm, lowering.storage.half(node.outputs[0]!) ? { ...problem, half: true } : problem);
};

export const layerNormGrad: Rule<'layerNormGrad'> = (node, lowering) =>
  runKernel(lowering, node, kernels.layerNorm, { of: 'gradient', ...rowsOf(node.inputs[0]!, lowering), epsilon: 0 });

export function batchNorm<K extends 'batchNorm' | 'batchNormGrad'>(of: Pass): Rule<K> {
  return (node, lowering) => {
    const [batch, channels, height, width] = lowering.shape(node.inputs[0]!) as [number, number, number, number];
    const { epsilon } = node.attributes;
    runKernel(lowering, node, kernels.batchNorm, { of, batch, channels, places: height * width, epsilon });
  };
}

/** Rows that attention reads and writes, by position among the op's inputs and outputs. */
const attentionRows: Readonly<Record<Pass, { readonly inputs: readonly (AttentionRows | undefined)[]; readonly outputs: readonly AttentionRows[] }>> = {
  forward: { inputs: ['q', 'k', 'v'], outputs: ['o'] },
  gradient: { inputs: ['q', 'k', 'v', 'o', undefined, 'g'], outputs: ['dq', 'dk', 'dv'] },
};

export function attention<K extends 'attention' | 'attentionGrad'>(of: Pass): Rule<K> {
  return (node, lowering) => {
    const [batch, queries, width] = lowering.shape(node.inputs[0]!) as [number, number, number];
    const [, keys] = lowering.shape(node.inputs[1]!) as [number, number];
    const { heads, causal, scale, masked } = node.attributes;
    const { inputs, outputs } = attentionRows[of];
    const half = [
      ...inputs.filter((name, i) => name && lowering.value(node.inputs[i]!).type === 'f16'),
      ...outputs.filter((_, i) => lowering.storage.half(node.outputs[i]!)),
    ] as AttentionRows[];
    const problem = { of, batch, queries, keys, heads, headSize: width / heads, scale, causal, masked };
    runKernel(lowering, node, kernels.attention, half.length > 0 ? { ...problem, half } : problem);
  };
}

export function crossEntropy<K extends 'crossEntropy' | 'crossEntropyGrad'>(of: Pass): Rule<K> {
  return (node, lowering) => runKernel(lowering, node, kernels.crossEntropy, { of, ...rowsOf(node.inputs[0]!, lowering) });
}

export function distillation<K extends 'distillation' | 'distillationGrad'>(of: Pass): Rule<K> {
  return (node, lowering) =>
    runKernel(lowering, node, kernels.distillation, { of, ...rowsOf(node.inputs[0]!, lowering), temperature: node.attributes.temperature });
}
