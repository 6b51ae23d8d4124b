// ResNet with basic or bottleneck blocks and batch norm, under torchvision's parameter names.
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { Module, ParameterSpecs, Scope, VisionEncoder } from '@hybridmed/nn';
import { batchNorm, collect, relu } from '@hybridmed/nn';
import { convolution, convolvedSide, maxPool } from '@hybridmed/nn/convolution';
import { convolutionalEncoder } from '../convolutional.ts';
import type { ImageInput } from '../image-input.ts';
import { firstChannels, normalizedImage } from '../image-input.ts';

/** Sizes of a ResNet: blocks per stage, and each stage's inner channels (a bottleneck's output has 4 times as many). */
export interface ResNetConfig extends ImageInput {
  readonly kind: 'resnet';
  readonly layers: readonly number[];
  readonly channelsPerStage: readonly number[];
  /** Channels after the first convolution: 64. */
  readonly stem?: number;
  /** `basic` as in ResNet-18 and 34; `bottleneck` otherwise. */
  readonly block?: 'basic' | 'bottleneck';
}

const expansions = { basic: 1, bottleneck: 4 } as const;

interface Block {
  readonly parameters: ParameterSpecs;
  call(scope: Scope, x: Tensor): Tensor;
}

interface BlockSizes {
  readonly inputs: number;
  readonly inner: number;
  readonly stride: number;
}

/** The convolutions of a block in order: 3 x 3 twice, or 1 x 1, 3 x 3, 1 x 1; the stride is the (first) 3 x 3's. */
function convolutions(kind: 'basic' | 'bottleneck', { inputs, inner, stride }: BlockSizes): Module[] {
  if (kind === 'basic') return [convolution({ inputs, outputs: inner, kernel: 3, stride }), convolution({ inputs: inner, outputs: inner, kernel: 3 })];
  return [
    convolution({ inputs, outputs: inner, kernel: 1 }),
    convolution({ inputs: inner, outputs: inner, kernel: 3, stride }),
    convolution({ inputs: inner, outputs: inner * expansions.bottleneck, kernel: 1 }),
  ];
}

/** Convolutions with batch norms between ReLUs, added to the (projected) input. */
function residualBlock(kind: 'basic' | 'bottleneck', sizes: BlockSizes): Block {
  const { inputs, inner, stride } = sizes;
  const outputs = inner * expansions[kind];
  const projected = stride !== 1 || inputs !== outputs;
  const layers = convolutions(kind, sizes).map((conv, i, all) => [conv, batchNorm({ channels: i === all.length - 1 ? outputs : inner })] as const);
  const shortcut = [convolution({ inputs, outputs, kernel: 1, stride }), batchNorm({ channels: outputs })] as const;
  return {
    parameters: collect({
      ...Object.fromEntries(layers.flatMap(([conv, norm], i) => [[`conv${i + 1}`, conv] as const, [`bn${i + 1}`, norm] as const])),
      ...(projected ? { 'downsample.0': shortcut[0], 'downsample.1': shortcut[1] } : {}),
    }),
    call(scope, x) {
      let h = x;
      layers.forEach(([conv, norm], i) => {
        const normed = norm.call(scope.child(`bn${i + 1}`), conv.call(scope.child(`conv${i + 1}`), h));
        h = i < layers.length - 1 ? relu(normed) : normed;
      });
      const identity = projected ? shortcut[1].call(scope.child('downsample.1'), shortcut[0].call(scope.child('downsample.0'), x)) : x;
      return relu(ops.add(h, identity));
    },
  };
}

/** A ResNet: images (B, C, H, W) -> the last feature map as tokens (B, H' W', width) and its mean (B, width) [He et al. 2016, stride in the 3 x 3 convolution]. */
export function resnet(config: ResNetConfig): VisionEncoder {
  const { imageSize, layers, channelsPerStage, stem = 64, block: kind = 'bottleneck' } = config;
  const conv1 = convolution({ inputs: firstChannels(config), outputs: stem, kernel: 7, stride: 2 });
  const bn1 = batchNorm({ channels: stem });
  const blocks: [string, Block][] = [];
  let inputs = stem;
  layers.forEach((count, stage) => {
    const inner = channelsPerStage[stage]!;
    for (let i = 0; i < count; i++) {
      blocks.push([`layer${stage + 1}.${i}`, residualBlock(kind, { inputs, inner, stride: stage > 0 && i === 0 ? 2 : 1 })]);
      inputs = inner * expansions[kind];
    }
  });
  return convolutionalEncoder({
    config,
    parts: { conv1, bn1, ...Object.fromEntries(blocks) },
    stem: {
      parts: ['conv1', 'bn1'],
      call: (run, x) => maxPool(relu(run('bn1', run('conv1', normalizedImage(x, config)))), { kernel: 3, stride: 2, padding: 1, nonNegative: true }),
    },
    blocks: blocks.map(([name]) => name),
    width: inputs,
    side: [7, 3, ...layers.slice(1).map(() => 3)].reduce((size, kernel) => convolvedSide(size, { kernel, stride: 2 }), imageSize),
  });
}

/** ResNet-50 [He et al. 2016]. */
export const resnet50: ResNetConfig = { kind: 'resnet', imageSize: 224, channels: 3, layers: [3, 4, 6, 3], channelsPerStage: [64, 128, 256, 512] };
