import { test } from 'node:test';
import { createVisionEncoder } from 'convolutional-vision-encoder';
import { checkEncoder } from 'hybridmed/encoders';

test('the encoder does what HybridMED takes for granted', async () => {
  await checkEncoder(createVisionEncoder({ size: 16, channels: 1 }));
});
