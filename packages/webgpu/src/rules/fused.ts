// Fused ops that have kernels of their own.
import type { AttentionRows } from '@hybridmed/kernels';
import { kernels } from '@hybridmed/kernels';
import type { FusedOp } from '@hybridmed/tensor';
import { adamW } from './optimizer.ts';
import type { Rule } from './rule.ts';
import { rowsOf, runKernel } from './rule.ts';
import { vocabularyLoss, vocabularyLossGrad } from './vocabulary-loss.ts';

type Pass = 'forward' | 'gradient';

const softmax: Rule<'softmax'> = (node, lowering) => runKernel(lowering, node, kernels.softmax, { ...rowsOf(node.inputs[0]!, lowering), log: false });

const logSoftmax: Rule<'logSoftmax'> = (node, lowering) => runKernel(lowering, node, kernels.softmax, { ...rowsOf(node.inputs[0]!, lowering), log: true });

const layerNorm: Rule<'layerNorm'> = (node, lowering) => {
  const problem = { of: 'forward', ...rowsOf(node.inputs[0]!, lowering), epsilon: node.attributes.epsilon } as const;
  runKernel(lowering, node, kernels.layerNorm, lowering.storage.half(node.outputs[0]!) ? { ...problem, half: true } : problem);
};

const layerNormGrad: Rule<'layerNormGrad'> = (node, lowering) =>
  runKernel(lowering, node, kernels.layerNorm, { of: 'gradient', ...rowsOf(node.inputs[0]!, lowering), epsilon: 0 });

function batchNorm<K extends 'batchNorm' | 'batchNormGrad'>(of: Pass): Rule<K> {
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

function attention<K extends 'attention' | 'attentionGrad'>(of: Pass): Rule<K> {
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

function crossEntropy<K extends 'crossEntropy' | 'crossEntropyGrad'>(of: Pass): Rule<K> {
  return (node, lowering) => runKernel(lowering, node, kernels.crossEntropy, { of, ...rowsOf(node.inputs[0]!, lowering) });
}

function distillation<K extends 'distillation' | 'distillationGrad'>(of: Pass): Rule<K> {
  return (node, lowering) =>
    runKernel(lowering, node, kernels.distillation, { of, ...rowsOf(node.inputs[0]!, lowering), temperature: node.attributes.temperature });
}

/** Rules of fused ops beside those that are chains. */
export const fused = {
  softmax,
  logSoftmax,
  layerNorm,
  layerNormGrad,
  batchNorm: batchNorm<'batchNorm'>('forward'),
  batchNormGrad: batchNorm<'batchNormGrad'>('gradient'),
  attention: attention<'attention'>('forward'),
  attentionGrad: attention<'attentionGrad'>('gradient'),
  crossEntropy: crossEntropy<'crossEntropy'>('forward'),
  crossEntropyGrad: crossEntropy<'crossEntropyGrad'>('gradient'),
  distillation: distillation<'distillation'>('forward'),
  distillationGrad: distillation<'distillationGrad'>('gradient'),
  vocabularyLoss,
  vocabularyLossGrad,
  adamW,
} satisfies { readonly [K in FusedOp]?: Rule<K> };
