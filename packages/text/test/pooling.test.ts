// The pooling of texts: the mean over tokens by its definition, its gradients, and the files that say which pooling a sentence encoder has.
import { plainDevice } from '@hybridmed/gpujs';
import { initialize, rootScope } from '@hybridmed/nn';
import type { HostArrays } from '@hybridmed/tensor';
import { compile, ops, valueAndGrad } from '@hybridmed/tensor';
import { bert, bertHeads, readPooling, writePooling } from '@hybridmed/text';
import { describe, expect, test } from 'vitest';

const device = plainDevice({ precision: 'f64' });
const sizes = { vocabularySize: 20, width: 4, depth: 1, heads: 2, ffn: 6, positions: 8 };
const encoders = { cls: bert(sizes), mean: bert({ ...sizes, pooling: 'mean' }) };
const parameters = initialize(encoders.mean.parameters, 3);
// Four tokens, two, and a row that is padding alone.
const ids = { data: Int32Array.of(2, 9, 17, 3, 2, 3, 0, 0, 0, 0, 0, 0), shape: [3, 4] };
const mask = { data: Float32Array.of(1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0), shape: [3, 4] };

const features = (of: keyof typeof encoders, inputs: HostArrays) =>
  compile(device, ({ ids: i, mask: m, ...own }) => {
    const { tokens, global } = encoders[of].call(rootScope(own), i!, m!);
    return { tokens, global };
  })(inputs);

describe('the mean over tokens', () => {
  test('is that of the token vectors without the padding, [CLS] and [SEP] included; of no token it is 0', async () => {
    const { tokens, global } = await features('mean', { ...parameters, ids, mask });
    const vector = (row: number, place: number): number[] => Array.from(tokens!.data.slice((row * 4 + place) * 4, (row * 4 + place + 1) * 4));
    const expected = [4, 2].flatMap((count, row) =>
      [0, 1, 2, 3].map((k) => Array.from({ length: count }, (_, place) => vector(row, place)[k]!).reduce((a, b) => a + b, 0) / count),
    );
    expect(global!.shape).toEqual([3, 4]);
    [...expected, 0, 0, 0, 0].forEach((value, i) => expect(global!.data[i]).toBeCloseTo(value, 12));
    const cls = await features('cls', { ...parameters, ids, mask });
    expect(cls.tokens!.data).toEqual(tokens!.data);
    expect(Array.from(cls.global!.data.slice(0, 4))).toEqual(vector(0, 0));
  });

  test('has the gradients of central differences in float64', async () => {
    const weights = { data: Float64Array.from({ length: 12 }, (_, i) => Math.sin(3 * i + 1)), shape: [3, 4] };
    const loss = ({ ids: i, mask: m, weights: w, ...own }: Parameters<Parameters<typeof compile>[1]>[0]) =>
      ({ value: ops.sum(ops.mul(encoders.mean.call(rootScope(own), i!, m!).global, w!)) }) as const;
    const inputs: HostArrays = { ...parameters, ids, mask, weights };
    const names = Object.keys(parameters);
    const slopes = await compile(
      device,
      valueAndGrad((all) => loss(all).value, names),
    )(inputs);
    const value = compile(device, loss);
    for (const [at, name] of names.entries()) {
      const { data, shape } = parameters[name]!;
      const direction = Array.from(data, (_, i) => Math.cos(5 * i + at));
      const moved = async (distance: number) =>
        (await value({ ...inputs, [name]: { data: Float64Array.from(data, (x, i) => x + distance * direction[i]!), shape } })).value!.data[0]!;
      const numeric = ((await moved(1e-6)) - (await moved(-1e-6))) / 2e-6;
      const own = direction.reduce((sum, along, i) => sum + along * slopes[`grad.${name}`]!.data[i]!, 0);
      expect(Math.abs(own - numeric), name).toBeLessThan(1e-6 * Math.max(1, Math.abs(numeric)));
    }
  });

  test('never reaches heads, which read [CLS]', async () => {
    const [plain, pooled] = [bertHeads({ bert: sizes, heads: [2] }), bertHeads({ bert: { ...sizes, pooling: 'mean' }, heads: [2] })];
    const own = initialize(plain.parameters, 1);
    const logits = async (of: typeof plain) =>
      (await compile(device, ({ ids: i, mask: m, ...all }) => ({ logits: of.call(rootScope(all), i!, m!) }))({ ...own, ids, mask })).logits!.data;
    expect(await logits(pooled)).toEqual(await logits(plain));
  });
});

describe('1_Pooling/config.json', () => {
  test.each(['cls', 'mean'] as const)('%s is read as it was written', (pooling) => {
    expect(readPooling(writePooling(pooling, 4)['1_Pooling/config.json'], 'F')).toBe(pooling);
  });

  // As published with all-MiniLM-L6-v2, and by the name that later versions write.
  test.each([
    [
      {
        word_embedding_dimension: 384,
        pooling_mode_cls_token: false,
        pooling_mode_mean_tokens: true,
        pooling_mode_max_tokens: false,
        pooling_mode_mean_sqrt_len_tokens: false,
      },
      'mean',
    ],
    [{ embedding_dimension: 384, pooling_mode: 'cls', include_prompt: true }, 'cls'],
  ])('%j says %s', (json, pooling) => {
    expect(readPooling(json, 'F')).toBe(pooling);
  });

  test.each<[unknown, RegExp]>([
    [7, /^F: is not a JSON object/],
    [{}, /^F: "pooling_mode_\*" is true for none; this loads cls and mean; say with pretrain --text-pooling/],
    [{ pooling_mode_cls_token: true, pooling_mode_mean_tokens: true }, /^F: "pooling_mode_\*" is true for 2;/],
    [{ pooling_mode_max_tokens: true }, /^F: "pooling_mode_max_tokens" is true;/],
    [{ pooling_mode_mean_tokens: 'yes' }, /^F: "pooling_mode_mean_tokens" is "yes"; it must be true or false$/],
    [{ pooling_mode: 'weightedmean' }, /^F: "pooling_mode" is "weightedmean";/],
  ])('%j is refused', (json, message) => {
    expect(() => readPooling(json, 'F')).toThrow(message);
  });
});
