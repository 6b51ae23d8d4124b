import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { initialize, rootScope } from '@hybridmed/nn';
import { exportOnnx } from '@hybridmed/onnx';
import { trace } from '@hybridmed/tensor';
import { vit } from '@hybridmed/vision';
import { onnxVisionEncoder } from 'frozen-onnx-vision-encoder';
import { checkEncoder } from 'hybridmed/encoders';

test('the encoder of a ViT that was exported does what HybridMED takes for granted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'frozen-onnx-'));
  try {
    const encoder = vit({ kind: 'vit', imageSize: 16, patch: 4, channels: 1, width: 24, depth: 2, heads: 3 });
    const state = Object.fromEntries(Object.entries(encoder.parameters).map(([name, { shape }]) => [name, { shape, dtype: 'f32' }]));
    const graph = trace({ data: { image: { shape: ['B', 1, 16, 16], dtype: 'f32' } }, state }, ({ image }, own) => ({
      results: { tokens: encoder.call(rootScope(own), image).tokens },
    }));
    const file = join(folder, 'vit.onnx');
    await writeFile(file, exportOnnx(graph, { parameters: initialize(encoder.parameters, 0) }).model);
    await checkEncoder(await onnxVisionEncoder(file, { size: 16, channels: 1 }));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
