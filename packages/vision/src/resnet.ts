// ResNet with bottleneck blocks and batch norm, under torchvision's parameter names.
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { Module, ParameterSpecs, Scope, VisionEncoder } from '@hybridmed/nn';
import { batchNorm, collect, relu } from '@hybridmed/nn';

/** Sizes of a ResNet: blocks per stage, and each stage's inner channels (its output has 4 times as many). */
export interface ResNetConfig {
  readonly kind: 'resnet';
  readonly image: number;
  readonly channels: number;
  readonly layers: readonly number[];
  readonly channelsPerStage: readonly number[];
  /** Channels after the first convolution: 64. */
  readonly stem?: number;
}

const expansion = 4;

function convolution({ inputs, outputs, kernel, stride = 1 }: { inputs: number; outputs: number; kernel: number; stride?: number }): Module {
  const padding = (kernel - 1) / 2;
  return {
    parameters: { weight: { shape: [outputs, inputs, kernel, kernel], init: { kind: 'heFanOut' } } },
    call: (scope, x) => ops.conv2d(x, scope.get('weight'), { stride: [stride, stride], padding: [padding, padding] }),
  };
}

/**
 * 3 x 3 maximum with stride 2 and padding 1 over values that are not negative (after ReLU), so that zero padding never wins:
 * the greatest of nine strided slices; the first one wins a tie, as in torch.
 */
function maxPool(x: Tensor): Tensor {
  const [batch, channels, height, width] = x.shape as [Tensor['shape'][number], number, number, number];
  const padded = ops.pad(x, [0, 0, 1, 1], [batch, channels, height + 2, width + 2]);
  const [h, w] = [Math.floor((height - 1) / 2) + 1, Math.floor((width - 1) / 2) + 1];
  let greatest: Tensor | undefined;
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      const view = ops.slice(padded, [0, 0, row, column], [batch, channels, h, w], [1, 1, 2, 2]);
      greatest = greatest ? ops.maximum(greatest, view) : view;
    }
  }
  return greatest!;
}

interface Block {
  readonly parameters: ParameterSpecs;
  call(scope: Scope, x: Tensor): Tensor;
}

/** 1 x 1, 3 x 3 (with the stride), 1 x 1 with batch norms, added to the (projected) input. */
function bottleneck({ inputs, inner, stride }: { inputs: number; inner: number; stride: number }): Block {
  const outputs = inner * expansion;
  const projected = stride !== 1 || inputs !== outputs;
  const parts = {
    conv1: convolution({ inputs, outputs: inner, kernel: 1 }),
    bn1: batchNorm({ channels: inner }),
    conv2: convolution({ inputs: inner, outputs: inner, kernel: 3, stride }),
    bn2: batchNorm({ channels: inner }),
    conv3: convolution({ inputs: inner, outputs, kernel: 1 }),
    bn3: batchNorm({ channels: outputs }),
  };
  const shortcut: Record<string, Module> = projected
    ? { 'downsample.0': convolution({ inputs, outputs, kernel: 1, stride }), 'downsample.1': batchNorm({ channels: outputs }) }
    : {};
  return {
    parameters: collect({ ...parts, ...shortcut }),
    call(scope, x) {
      const run = (name: string, value: Tensor) => ({ ...parts, ...shortcut })[name as keyof typeof parts].call(scope.child(name), value);
      const first = relu(run('bn1', run('conv1', x)));
      const second = relu(run('bn2', run('conv2', first)));
      const identity = projected ? run('downsample.1', run('downsample.0', x)) : x;
      return relu(ops.add(run('bn3', run('conv3', second)), identity));
    },
  };
}

/** A ResNet: images (B, C, H, W) -> the last feature map as tokens (B, H' W', width) and its mean (B, width) [He et al. 2016, stride in the 3 x 3 convolution]. */
export function resnet({ image, channels, layers, channelsPerStage, stem = 64 }: ResNetConfig): VisionEncoder {
  const conv1 = convolution({ inputs: channels, outputs: stem, kernel: 7, stride: 2 });
  const bn1 = batchNorm({ channels: stem });
  const blocks: [string, Block][] = [];
  let inputs = stem;
  layers.forEach((count, stage) => {
    const inner = channelsPerStage[stage]!;
    for (let i = 0; i < count; i++) {
      blocks.push([`layer${stage + 1}.${i}`, bottleneck({ inputs, inner, stride: stage > 0 && i === 0 ? 2 : 1 })]);
      inputs = inner * expansion;
    }
  });
  const width = inputs;
  const halve = (size: number, times: number): number => (times === 0 ? size : halve(Math.floor((size - 1) / 2) + 1, times - 1));
  const side = halve(image, 1 + layers.length);
  return {
    width,
    tokenCount: side * side,
    image: { size: image, channels },
    parameters: collect({ conv1, bn1, ...Object.fromEntries(blocks) }),
    call(scope, x) {
      let h = maxPool(relu(bn1.call(scope.child('bn1'), conv1.call(scope.child('conv1'), x))));
      for (const [name, block] of blocks) h = scope.layer(() => block.call(scope.child(name), h));
      const [batch, , height, columns] = h.shape as [Tensor['shape'][number], number, number, number];
      const tokens = ops.transpose(ops.reshape(h, [batch, width, height * columns]), [0, 2, 1]);
      return { tokens, global: ops.mean(tokens, { axes: [1] }) };
    },
  };
}
