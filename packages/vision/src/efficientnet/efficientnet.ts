// EfficientNet, MobileNetV2 and MobileNetV3: inverted residuals with depthwise convolutions, under the names of the library they come from.
import type { Module, Scope, VisionEncoder } from '@hybridmed/nn';
import { batchNorm, collect } from '@hybridmed/nn';
import type { Activation } from '@hybridmed/nn/convolution';
import { activations, convolution, convolvedSide } from '@hybridmed/nn/convolution';
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import { convolutionalEncoder } from '../convolutional.ts';
import { firstChannels, normalizedImage } from '../image-input.ts';
import type { EfficientNetConfig } from './config.ts';
import type { InvertedResidual } from './inverted-residual.ts';
import type { BlockNames } from './naming.ts';
import { namings } from './naming.ts';

/** A 1 x 1 convolution of vectors (B, inputs) -> (B, outputs), with the weight (outputs, inputs, 1, 1) of published checkpoints. */
function pointwise(inputs: number, outputs: number): Module {
  const { parameters } = convolution({ inputs, outputs, kernel: 1, bias: true });
  return {
    parameters,
    call: (scope, x) => ops.add(ops.matmul(x, ops.reshape(scope.get('weight'), [outputs, inputs]), { transposeB: true }), scope.get('bias')),
  };
}

/** What a block does between its input and its output. */
interface BlockOptions {
  readonly inputs: number;
  readonly names: BlockNames;
  readonly activation: Activation;
  readonly config: EfficientNetConfig;
}

/** An inverted residual; added to its input where it changes neither size nor channels. */
function invertedResidual(block: InvertedResidual, { inputs, names, activation, config }: BlockOptions): Module {
  const { kernel, stride, squeeze, outputs, inner = inputs } = block;
  const { padding = 'symmetric', epsilon = 1e-5, squeezeActivation = activation, gate = 'sigmoid' } = config;
  const norm = (channels: number): Module => batchNorm({ channels, epsilon });
  const activate = activations[activation];
  const parts = {
    ...(block.inner === undefined ? {} : { [names.expand]: convolution({ inputs, outputs: inner, kernel: 1 }), [names.expandNorm]: norm(inner) }),
    [names.depthwise]: convolution({ inputs: inner, outputs: inner, kernel, stride, padding, groups: inner }),
    [names.depthwiseNorm]: norm(inner),
    ...(squeeze === undefined ? {} : { [names.reduce]: pointwise(inner, squeeze), [names.grow]: pointwise(squeeze, inner) }),
    [names.project]: convolution({ inputs: inner, outputs, kernel: 1 }),
    [names.projectNorm]: norm(outputs),
  };
  const run = (scope: Scope, name: string, x: Tensor): Tensor => parts[name]!.call(scope.child(name), x);
  const excite = (scope: Scope, h: Tensor): Tensor => {
    const squeezed = activations[squeezeActivation](run(scope, names.reduce, ops.mean(h, { axes: [2, 3] })));
    return ops.mul(h, ops.reshape(activations[gate](run(scope, names.grow, squeezed)), [h.shape[0]!, inner, 1, 1]));
  };
  return {
    parameters: collect(parts),
    call(scope, x) {
      const wide = block.inner === undefined ? x : activate(run(scope, names.expandNorm, run(scope, names.expand, x)));
      const seen = activate(run(scope, names.depthwiseNorm, run(scope, names.depthwise, wide)));
      const h = run(scope, names.projectNorm, run(scope, names.project, squeeze === undefined ? seen : excite(scope, seen)));
      return stride === 1 && inputs === outputs ? ops.add(h, x) : h;
    },
  };
}

/** The blocks in order, by name. */
function blocksOf(config: EfficientNetConfig): [name: string, block: Module][] {
  const { names, stem, stages, activation, reluStages = 0 } = config;
  const naming = namings[names];
  let inputs = stem;
  let all = 0;
  return stages.flatMap((stage, number) =>
    stage.map((block, index): [string, Module] => {
      const options = { inputs, names: naming.parts(block), activation: number < reluStages ? 'relu' : activation, config } as const;
      inputs = block.outputs;
      return [naming.block({ stage: number, index, all: all++ }), invertedResidual(block, options)];
    }),
  );
}

/** An EfficientNet: images (B, C, H, W) -> the map of the last 1 x 1 convolution before pooling as tokens (B, H' W', head) and its mean (B, head) [Tan & Le 2019]. */
export function efficientnet(config: EfficientNetConfig): VisionEncoder {
  const { names, imageSize, stem, stages, head, activation, padding = 'symmetric', epsilon = 1e-5 } = config;
  const naming = namings[names];
  const blocks = blocksOf(config);
  const [headName, headNorm] = naming.head(stages.length);
  const last = stages.at(-1)?.at(-1)?.outputs ?? stem;
  const parts: Record<string, Module> = {
    [naming.stem]: convolution({ inputs: firstChannels(config), outputs: stem, kernel: 3, stride: 2, padding }),
    [naming.stemNorm]: batchNorm({ channels: stem, epsilon }),
    ...Object.fromEntries(blocks),
    [headName]: convolution({ inputs: last, outputs: head, kernel: 1 }),
    [headNorm]: batchNorm({ channels: head, epsilon }),
  };
  const activate = activations[activation];
  const sides = [{ kernel: 3, stride: 2 }, ...stages.flat()];
  return convolutionalEncoder({
    config,
    parts,
    stem: { parts: [naming.stem, naming.stemNorm], call: (run, x) => activate(run(naming.stemNorm, run(naming.stem, normalizedImage(x, config)))) },
    blocks: blocks.map(([name]) => name),
    head: { parts: [headName, headNorm], call: (run, h) => activate(run(headNorm, run(headName, h))) },
    width: head,
    side: sides.reduce((size, { kernel, stride }) => convolvedSide(size, { kernel, stride, padding }), imageSize),
  });
}
