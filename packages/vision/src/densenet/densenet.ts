// DenseNet with bottlenecks, under the names of torchvision, timm and torchxrayvision, which are the same.
import type { Module, VisionEncoder } from '@hybridmed/nn';
import { batchNorm, collect, relu } from '@hybridmed/nn';
import { averagePool, convolution, convolvedSide, maxPool } from '@hybridmed/nn/convolution';
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import { convolutionalEncoder } from '../convolutional.ts';
import type { ImageInput } from '../image-input.ts';
import { firstChannels, normalizedImage } from '../image-input.ts';

/** Sizes of a DenseNet: layers of each block, channels that each adds, and channels of its inner 1 x 1 convolution. */
export interface DenseNetConfig extends ImageInput {
  readonly kind: 'densenet';
  readonly layers: readonly number[];
  readonly growth: number;
  readonly bottleneck: number;
  /** Channels after the first convolution. */
  readonly stem: number;
  /** Channels after the transition between each two blocks: half of those before by default. */
  readonly transitions?: readonly number[];
  /** The package that publishes it, and what that calls it; torchvision and densenet by default. */
  readonly library?: 'torchvision' | 'timm' | 'torchxrayvision';
  readonly architecture?: string;
}

/** Norm, ReLU, 1 x 1, norm, ReLU, 3 x 3; what it makes is put beside what it got. */
function denseLayer(inputs: number, { growth, bottleneck }: DenseNetConfig): Module {
  const parts = {
    norm1: batchNorm({ channels: inputs }),
    conv1: convolution({ inputs, outputs: bottleneck, kernel: 1 }),
    norm2: batchNorm({ channels: bottleneck }),
    conv2: convolution({ inputs: bottleneck, outputs: growth, kernel: 3 }),
  };
  return {
    parameters: collect(parts),
    call(scope, x) {
      const run = (name: keyof typeof parts, value: Tensor) => parts[name].call(scope.child(name), value);
      return ops.concat([x, run('conv2', relu(run('norm2', run('conv1', relu(run('norm1', x))))))], 1);
    },
  };
}

/** Norm, ReLU, 1 x 1, and the mean of each 2 x 2. */
function transition(inputs: number, outputs: number): Module {
  const parts = { norm: batchNorm({ channels: inputs }), conv: convolution({ inputs, outputs, kernel: 1 }) };
  return {
    parameters: collect(parts),
    call: (scope, x) => averagePool(parts.conv.call(scope.child('conv'), relu(parts.norm.call(scope.child('norm'), x))), { kernel: 2, stride: 2 }),
  };
}

/** Layers and transitions in order, by name, and the channels at the end. */
function layersOf(config: DenseNetConfig): { layers: [name: string, layer: Module][]; width: number } {
  const { layers: counts, growth, stem, transitions } = config;
  const layers: [string, Module][] = [];
  let width = stem;
  counts.forEach((count, block) => {
    for (let i = 0; i < count; i++) {
      layers.push([`features.denseblock${block + 1}.denselayer${i + 1}`, denseLayer(width, config)]);
      width += growth;
    }
    if (block === counts.length - 1) return;
    const outputs = transitions?.[block] ?? Math.floor(width / 2);
    layers.push([`features.transition${block + 1}`, transition(width, outputs)]);
    width = outputs;
  });
  return { layers, width };
}

/** A DenseNet: images (B, C, H, W) -> the last feature map after its norm and ReLU as tokens (B, H' W', width) and its mean (B, width) [Huang et al. 2017]. */
export function densenet(config: DenseNetConfig): VisionEncoder {
  const { imageSize, stem, layers: counts } = config;
  const { layers, width } = layersOf(config);
  const parts: Record<string, Module> = {
    'features.conv0': convolution({ inputs: firstChannels(config), outputs: stem, kernel: 7, stride: 2 }),
    'features.norm0': batchNorm({ channels: stem }),
    ...Object.fromEntries(layers),
    'features.norm5': batchNorm({ channels: width }),
  };
  const pooled = [7, 3].reduce((size, kernel) => convolvedSide(size, { kernel, stride: 2 }), imageSize);
  return convolutionalEncoder({
    config,
    parts,
    stem: {
      parts: ['features.conv0', 'features.norm0'],
      call(run, x) {
        const first = relu(run('features.norm0', run('features.conv0', normalizedImage(x, config))));
        return maxPool(first, { kernel: 3, stride: 2, padding: 1, nonNegative: true });
      },
    },
    blocks: layers.map(([name]) => name),
    head: { parts: ['features.norm5'], call: (run, h) => relu(run('features.norm5', h)) },
    width,
    side: counts.slice(1).reduce((size) => Math.floor(size / 2), pooled),
  });
}

/** DenseNet-121 [Huang et al. 2017]. */
export const densenet121: DenseNetConfig = { kind: 'densenet', imageSize: 224, channels: 3, layers: [6, 12, 24, 16], growth: 32, bottleneck: 128, stem: 64 };
