// ConvNeXt: depthwise 7 x 7 convolutions, layer norm over channels, and an MLP at each place, under timm's names.
import type { Module, VisionEncoder } from '@hybridmed/nn';
import { collect, layerNorm } from '@hybridmed/nn';
import { convolution, convolvedSide } from '@hybridmed/nn/convolution';
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import { convolutionalEncoder } from '../convolutional.ts';
import type { ImageInput } from '../image-input.ts';
import { firstChannels, normalizedImage } from '../image-input.ts';

/** Sizes of a ConvNeXt: blocks and channels of each stage. */
export interface ConvNeXtConfig extends ImageInput {
  readonly kind: 'convnext';
  readonly depths: readonly number[];
  readonly widths: readonly number[];
  /** What timm calls it: convnext_tiny by default. */
  readonly architecture?: string;
  /** Side of the patches that the first convolution reads: 4. */
  readonly patch?: number;
  /** Side of the depthwise kernels: 7. */
  readonly kernel?: number;
  /** Inner width of the MLPs of each stage: 4 widths. */
  readonly ffn?: readonly number[];
  /** Whether the maps of the MLP are 1 x 1 convolutions in the checkpoint: false. */
  readonly convolutionalMlp?: boolean;
  /** A learned factor per channel on each residual branch: true. */
  readonly layerScale?: boolean;
  /** Of every layer norm: 1e-6. */
  readonly epsilon?: number;
}

const toLast = (x: Tensor): Tensor => ops.transpose(x, [0, 2, 3, 1]);
const toSecond = (x: Tensor): Tensor => ops.transpose(x, [0, 3, 1, 2]);

/** Layer norm over the channels of a map (B, C, H, W). */
function channelNorm(width: number, epsilon: number): Module {
  const norm = layerNorm({ width, epsilon });
  return { parameters: norm.parameters, call: (scope, x) => toSecond(norm.call(scope, toLast(x))) };
}

/** A linear map over the last axis with the weight (outputs, inputs), or (outputs, inputs, 1, 1) of a convolution. */
function mapping(inputs: number, outputs: number, convolutional: boolean): Module {
  return {
    parameters: {
      weight: {
        shape: convolutional ? [outputs, inputs, 1, 1] : [outputs, inputs],
        init: { kind: 'normal', std: 0.02 },
        ...(convolutional ? {} : { linear: true }),
      },
      bias: { shape: [outputs], init: { kind: 'constant', value: 0 } },
    },
    call(scope, x) {
      const weight = convolutional ? ops.reshape(scope.get('weight'), [outputs, inputs]) : scope.get('weight');
      return ops.add(ops.matmul(x, weight, { transposeB: true }), scope.get('bias'));
    },
  };
}

/** x += gamma MLP(LN(depthwise x)). */
function block(width: number, inner: number, { kernel = 7, convolutionalMlp = false, layerScale = true, epsilon = 1e-6 }: ConvNeXtConfig): Module {
  const parts = {
    conv_dw: convolution({ inputs: width, outputs: width, kernel, groups: width, bias: true }),
    norm: layerNorm({ width, epsilon }),
    'mlp.fc1': mapping(width, inner, convolutionalMlp),
    'mlp.fc2': mapping(inner, width, convolutionalMlp),
  };
  return {
    parameters: collect(parts, layerScale ? { gamma: { shape: [width], init: { kind: 'constant', value: 1e-6 } } } : {}),
    call(scope, x) {
      const run = (name: keyof typeof parts, value: Tensor) => parts[name].call(scope.child(name), value);
      const h = run('mlp.fc2', ops.gelu(run('mlp.fc1', run('norm', toLast(run('conv_dw', x))))));
      return ops.add(toSecond(layerScale ? ops.mul(h, scope.get('gamma')) : h), x);
    },
  };
}

/** Norm, and patches of 2 x 2. */
function downsampling(inputs: number, outputs: number, epsilon: number): Module {
  const parts = { '0': channelNorm(inputs, epsilon), '1': convolution({ inputs, outputs, kernel: 2, stride: 2, padding: 'none', bias: true }) };
  return { parameters: collect(parts), call: (scope, x) => parts[1].call(scope.child('1'), parts[0].call(scope.child('0'), x)) };
}

/** A ConvNeXt: images (B, C, H, W) -> the last feature map as tokens (B, H' W', width) and its mean (B, width) [Liu et al. 2022]. */
export function convnext(config: ConvNeXtConfig): VisionEncoder {
  const { imageSize, depths, widths, patch = 4, ffn, epsilon = 1e-6 } = config;
  const parts: Record<string, Module> = {
    'stem.0': convolution({ inputs: firstChannels(config), outputs: widths[0]!, kernel: patch, stride: patch, padding: 'none', bias: true }),
    'stem.1': channelNorm(widths[0]!, epsilon),
  };
  const stages: string[] = [];
  depths.forEach((depth, stage) => {
    const width = widths[stage]!;
    const names = [...(stage === 0 ? [] : [`stages.${stage}.downsample`]), ...Array.from({ length: depth }, (_, i) => `stages.${stage}.blocks.${i}`)];
    stages.push(...names);
    for (const name of names)
      parts[name] = name.endsWith('downsample') ? downsampling(widths[stage - 1]!, width, epsilon) : block(width, ffn?.[stage] ?? 4 * width, config);
  });
  return convolutionalEncoder({
    config,
    parts,
    stem: { parts: ['stem.0', 'stem.1'], call: (run, x) => run('stem.1', run('stem.0', normalizedImage(x, config))) },
    blocks: stages,
    width: widths.at(-1)!,
    side: [patch, ...depths.slice(1).map(() => 2)].reduce((size, kernel) => convolvedSide(size, { kernel, stride: kernel, padding: 'none' }), imageSize),
  });
}

/** ConvNeXt-T [Liu et al. 2022]. */
export const convnextTiny: ConvNeXtConfig = { kind: 'convnext', imageSize: 224, channels: 3, depths: [3, 3, 9, 3], widths: [96, 192, 384, 768] };
