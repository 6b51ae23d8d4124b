// Forward passes of the encoders at the size of the preset small, eight images, on the processor.
import { initialize, parameterSpecs, rootScope } from '@hybridmed/nn';
import { cpuDevice } from '@hybridmed/onnx';
import { trace } from '@hybridmed/tensor';
import { visionEncoder } from '@hybridmed/vision';
import { bench } from 'vitest';

const device = cpuDevice();
const configs = {
  ViT: { kind: 'vit', image: 96, patch: 8, channels: 1, width: 128, depth: 4, heads: 4 },
  ResNet: { kind: 'resnet', image: 96, channels: 1, layers: [2, 2, 2, 2], channelsPerStage: [16, 32, 64, 128] },
} as const;
for (const [name, config] of Object.entries(configs)) {
  const encoder = visionEncoder(config);
  const state = device.createState(initialize(encoder.parameters, 0));
  const graph = trace(
    {
      data: { image: { shape: ['B', 1, 96, 96], dtype: 'f32' } },
      state: parameterSpecs(encoder.parameters),
    },
    ({ image }, own) => ({ results: { global: encoder.call(rootScope(own), image!).global } }),
  );
  const program = await device.compile(graph);
  const image = { data: new Float32Array(8 * 96 * 96), shape: [8, 1, 96, 96] };
  bench(`${name}, 8 images of 96 pixels`, async () => void (await program.run({ image }, state)));
}
