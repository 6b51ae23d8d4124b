// A custom vision encoder in 30 lines (mean-pooled convolutions), trained inside a HybridMED model for a few steps.
import type { VisionEncoder } from '@hybridmed/nn';
import { collect, initialize, linear, momentNames, relu } from '@hybridmed/nn';
import { cpuDevice } from '@hybridmed/onnx';
import { bert } from '@hybridmed/text';
import { keyData, ops } from '@hybridmed/tensor';
import { composeModel, defaultWeights, stepGraph, trainable } from 'hybridmed';

/** Two strided convolutions: 32 x 32 images to 8 x 8 tokens. */
function convolutional(width: number): VisionEncoder {
  const kernel = (inputs: number, outputs: number) => ({ shape: [outputs, inputs, 3, 3], init: { kind: 'heFanOut' as const } });
  const head = linear({ inputs: 16, outputs: width });
  return {
    width,
    tokenCount: 64,
    image: { size: 32, channels: 1 },
    parameters: collect({ head }, { conv1: kernel(1, 8), conv2: kernel(8, 16) }),
    call(scope, image) {
      const halve = { stride: [2, 2], padding: [1, 1] } as const;
      const map = relu(ops.conv2d(relu(ops.conv2d(image, scope.get('conv1'), halve)), scope.get('conv2'), halve));
      const cells = ops.transpose(ops.reshape(map, [image.shape[0]!, 16, 64]), [0, 2, 1]);
      const tokens = head.call(scope.child('head'), cells);
      return { tokens, global: ops.mean(tokens, { axes: [1] }) };
    },
  };
}

const text = bert({ vocabularySize: 50, width: 32, depth: 1, heads: 2, ffn: 64, positions: 32 });
const model = composeModel({
  vision: convolutional(24),
  text,
  decoder: { vocabularySize: 50, width: 32, depth: 1, heads: 2, positions: 16 },
  special: { pad: 0, unk: 1, cls: 2, sep: 3 },
});
const device = cpuDevice();
const zeros = trainable(model, 2).flatMap((name) =>
  momentNames(name).map(
    (moment) => [moment, { data: new Float32Array(model.parameters[name]!.shape.reduce((a, b) => a * b, 1)), shape: model.parameters[name]!.shape }] as const,
  ),
);
const state = device.createState({ ...initialize(model.parameters, 0), ...Object.fromEntries(zeros) });
const step = await device.compile(stepGraph(model, { stage: 2, teacher: 'live', weights: defaultWeights, temperature: 1, tau: 0.1, duplicates: 'negatives' }));

const ids = (rows: number, length: number, factor: number) => ({
  data: Int32Array.from({ length: rows * length }, (_, i) => 4 + ((i * factor) % 46)),
  shape: [rows, length],
});
const ones = (rows: number, length: number) => ({ data: new Float32Array(rows * length).fill(1), shape: [rows, length] });
const batch = {
  image: { data: Float32Array.from({ length: 4 * 1024 }, (_, i) => Math.sin(i * 0.1)), shape: [4, 1, 32, 32] },
  findings: ids(4, 8, 7),
  findings_mask: ones(4, 8),
  impression: ids(4, 6, 5),
  impression_mask: ones(4, 6),
  input: ids(4, 5, 5),
  target: ids(4, 5, 3),
  target_mask: ones(4, 5),
};
const scalar = (value: number) => ({ data: Float32Array.of(value), shape: [] });
const totals: number[] = [];
for (let i = 1; i <= 20; i++)
  totals.push((await step.run({ ...batch, key: keyData(0, i), learning_rate: scalar(3e-3), step: scalar(i) }, state)).total!.data[0]!);
process.stdout.write(`loss ${totals[0]!.toFixed(2)} -> ${totals.at(-1)!.toFixed(2)} with a convolutional encoder\n`);
await device.close();
