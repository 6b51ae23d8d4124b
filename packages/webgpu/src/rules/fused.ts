// Fused ops that have kernels of their own.
import type { AttentionRows } from '@hybridmed/kernels';
import { kernels } from '@hybridmed/kernels';
import type { FusedOp } from '@hybridmed/tensor';
import { adamW } from './optimizer.ts';
import type { Rule } from './rule.ts';
import { rowsOf, runKernel } from './rule.ts';
import { vocabularyLoss, vocabularyLossGrad } from './vocabulary-loss.ts';

type Pass = 'forward' | 'gradient';

const softmax: Rule<'softmax'> = (node, fusion) => runKernel(fusion, node, kernels.softmax, { ...rowsOf(node.inputs[0]!, fusion), log: false });

const logSoftmax: Rule<'logSoftmax'> = (node, fusion) => runKernel(fusion, node, kernels.softmax, { ...rowsOf(node.inputs[0]!, fusion), log: true });

const layerNorm: Rule<'layerNorm'> = (node, fusion) => {
  const problem = { of: 'forward', ...rowsOf(node.inputs[0]!, fusion), epsilon: node.attributes.epsilon } as const;
  runKernel(fusion, node, kernels.layerNorm, fusion.storage.half(node.outputs[0]!) ? { ...problem, half: true } : problem);
};

const layerNormGrad: Rule<'layerNormGrad'> = (node, fusion) =>
  runKernel(fusion, node, kernels.layerNorm, { of: 'gradient', ...rowsOf(node.inputs[0]!, fusion), epsilon: 0 });

function batchNorm<K extends 'batchNorm' | 'batchNormGrad'>(of: Pass): Rule<K> {
  return (node, fusion) => {
    const [batch, channels, height, width] = fusion.shape(node.inputs[0]!) as [number, number, number, number];
    const { epsilon } = node.attributes;
    runKernel(fusion, node, kernels.batchNorm, { of, batch, channels, places: height * width, epsilon });
  };
}

/** Rows that attention reads and writes, by position among the op's inputs and outputs. */
const attentionRows: Readonly<Record<Pass, { readonly inputs: readonly (AttentionRows | undefined)[]; readonly outputs: readonly AttentionRows[] }>> = {
  forward: { inputs: ['q', 'k', 'v'], outputs: ['o'] },
  gradient: { inputs: ['q', 'k', 'v', 'o', undefined, 'g'], outputs: ['dq', 'dk', 'dv'] },
};

function attention<K extends 'attention' | 'attentionGrad'>(of: Pass): Rule<K> {
  return (node, fusion) => {
    const [batch, queries, width] = fusion.shape(node.inputs[0]!) as [number, number, number];
    const [, keys] = fusion.shape(node.inputs[1]!) as [number, number];
    const { heads, causal, scale, masked } = node.attributes;
    const { inputs, outputs } = attentionRows[of];
    const half = [
      ...inputs.filter((name, i) => name && fusion.value(node.inputs[i]!).type === 'f16'),
      ...outputs.filter((_, i) => fusion.storage.half(node.outputs[i]!)),
    ] as AttentionRows[];
    const problem = { of, batch, queries, keys, heads, headSize: width / heads, scale, causal, masked };
    runKernel(fusion, node, kernels.attention, half.length > 0 ? { ...problem, half } : problem);
  };
}

function crossEntropy<K extends 'crossEntropy' | 'crossEntropyGrad'>(of: Pass): Rule<K> {
  return (node, fusion) => runKernel(fusion, node, kernels.crossEntropy, { of, ...rowsOf(node.inputs[0]!, fusion) });
}

function distillation<K extends 'distillation' | 'distillationGrad'>(of: Pass): Rule<K> {
  return (node, fusion) => runKernel(fusion, node, kernels.distillation, { of, ...rowsOf(node.inputs[0]!, fusion), temperature: node.attributes.temperature });
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
