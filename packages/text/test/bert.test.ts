import { plainDevice } from '@hybridmed/gpujs';
import { initialize, rootScope } from '@hybridmed/nn';
import type { HostArrays } from '@hybridmed/tensor';
import { compile, ops, sizeOf } from '@hybridmed/tensor';
import type { BertConfig } from '@hybridmed/text';
import { bert } from '@hybridmed/text';
import { describe, expect, test } from 'vitest';
import { hasGoldens, readGolden, relativeError } from '../../nn/test/support/goldens.ts';

const device = plainDevice();
const config = { vocabularySize: 40, width: 16, depth: 2, heads: 4, ffn: 32, positions: 24 };

function encode(encoder: ReturnType<typeof bert>, parameters: HostArrays, ids: HostArrays[string], mask: HostArrays[string]) {
  return compile(device, ({ ids: tokens, mask: seen, ...own }) => {
    const features = encoder.call(rootScope(own), tokens!, seen!);
    return { tokens: ops.mul(features.tokens, ops.reshape(seen!, [...seen!.shape, 1])), global: features.global, importance: features.importance! };
  })({ ...parameters, ids, mask });
}

test("BERT-base has Hugging Face's names and parameter count", () => {
  const { parameters } = bert({ vocabularySize: 30_522, width: 768, depth: 12, heads: 12, ffn: 3072, positions: 512 });
  const total = Object.values(parameters).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const pooler = 768 * 768 + 768;
  expect(total).toBe(109_482_240 - pooler);
  for (const name of [
    'embeddings.word_embeddings.weight',
    'embeddings.token_type_embeddings.weight',
    'encoder.layer.11.attention.self.query.weight',
    'encoder.layer.0.attention.output.LayerNorm.bias',
    'encoder.layer.5.intermediate.dense.weight',
  ])
    expect(parameters).toHaveProperty([name]);
});

describe('features', () => {
  const encoder = bert(config);
  const parameters = initialize(encoder.parameters, 1);
  const ids = (rows: number[][]) => ({ data: Int32Array.from(rows.flat()), shape: [rows.length, rows[0]!.length] });
  const mask = (rows: number[][]) => ({ data: Float32Array.from(rows.flat()), shape: [rows.length, rows[0]!.length] });

  test('padding changes nothing', async () => {
    const short = await encode(encoder, parameters, ids([[2, 9, 17, 3]]), mask([[1, 1, 1, 1]]));
    const padded = await encode(encoder, parameters, ids([[2, 9, 17, 3, 31, 0, 5]]), mask([[1, 1, 1, 1, 0, 0, 0]]));
    expect(relativeError(padded.global!.data, short.global!.data)).toBeLessThan(1e-5);
    expect(relativeError(padded.tokens!.data.slice(0, 4 * 16), short.tokens!.data)).toBeLessThan(1e-5);
    expect([...padded.importance!.data].slice(4)).toEqual([0, 0, 0]);
  });

  test('the importance of words is what [CLS] pays them: not negative, at most 1 in all', async () => {
    const { importance } = await encode(
      encoder,
      parameters,
      ids([
        [2, 9, 17, 3],
        [2, 4, 4, 3],
      ]),
      mask([
        [1, 1, 1, 1],
        [1, 1, 1, 1],
      ]),
    );
    expect([...importance!.data].every((value) => value >= 0)).toBe(true);
    for (const row of [0, 1]) expect([...importance!.data].slice(4 * row, 4 * row + 4).reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(1 + 1e-6);
  });
});

describe.skipIf(!hasGoldens)('reference values (skipped where shared/goldens is absent)', () => {
  test('bert', async () => {
    const { json, part } = readGolden('bert');
    const { ids, mask } = part('in.') as { ids: HostArrays[string]; mask: HostArrays[string] };
    const results = await encode(
      bert({ ...(json.config as BertConfig), vocabularySize: (json.config as unknown as { vocab: number }).vocab }),
      part('param.'),
      ids,
      mask,
    );
    for (const [name, { data }] of Object.entries(part('out.'))) if (results[name]) expect(relativeError(results[name].data, data), name).toBeLessThan(1e-4);
  });
});
