import { test } from 'node:test';
import { createTextEncoder } from 'bag-of-words-text-encoder';
import { checkEncoder } from 'hybridmed/encoders';

test('the encoder does what HybridMED takes for granted', async () => {
  await checkEncoder(createTextEncoder({ vocabulary: 30, maxTokens: 12 }));
});
