import { plainDevice } from '@hybridmed/gpujs';
import { initialize, rootScope } from '@hybridmed/nn';
import { compile } from '@hybridmed/tensor';
import { bert, bertHeads, bertHeadsWeights } from '@hybridmed/text';
import { expect, test } from 'vitest';
import type { Arrays } from '../../nn/test/support/checkpoints.ts';
import { expectRefusal, loadCheckpoint, renamed, without } from '../../nn/test/support/checkpoints.ts';

const sizes = { vocabularySize: 20, width: 8, depth: 1, heads: 2, ffn: 12, positions: 10, types: 2 };
const config = { bert: sizes, heads: [4, 2] };
const own = initialize(bertHeads(config).parameters, 1) as Arrays;
const json = {
  model_type: 'bert',
  vocab_size: 20,
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 10,
  type_vocab_size: 2,
};
const load = (arrays: Arrays) =>
  loadCheckpoint(
    arrays,
    (shapes) => bertHeadsWeights(shapes, { config: json, label: 'DIR' }),
    (of) => bertHeads(of).parameters,
  );

test.each(['', 'module.'])('a labeller under the prefix "%s" is read, its pooler left over', async (prefix) => {
  const arrays = renamed(own, (name) => prefix + (name.startsWith('linear_heads') ? name : `bert.${name}`));
  arrays[`${prefix}bert.pooler.dense.bias`] = own['embeddings.LayerNorm.bias']!;
  const { config: read, loaded, table } = await load(arrays);
  expect(read).toEqual(config);
  expect(loaded).toEqual(own);
  expect(table.filter(({ status }) => status === 'left over').map(({ tensor }) => tensor)).toEqual([`${prefix}bert.pooler.dense.bias`]);
});

test('logits are linear in the hidden state at [CLS], head by head', async () => {
  const ids = { data: Int32Array.of(2, 7, 3, 2, 9, 11), shape: [2, 3] };
  const mask = { data: Float32Array.from({ length: 6 }, () => 1), shape: [2, 3] };
  const [labeller, encoder] = [bertHeads(config), bert(sizes)];
  const heads = await compile(plainDevice(), ({ ids: i, mask: m, ...parameters }) => ({ logits: labeller.call(rootScope(parameters), i!, m!) }))({
    ids,
    mask,
    ...own,
  });
  const encoded = await compile(plainDevice(), ({ ids: i, mask: m, ...parameters }) => ({
    global: encoder.call(rootScope(parameters), i!, m!).global,
  }))({ ids, mask, ...without(own, 'linear_heads') });
  expect(heads.logits!.shape).toEqual([2, 6]);
  const expected = [0, 1].flatMap((row) =>
    [
      [0, 0],
      [0, 1],
      [0, 2],
      [0, 3],
      [1, 0],
      [1, 1],
    ].map(([head, out]) => {
      const [weight, bias] = [own[`linear_heads.${head}.weight`]!.data, own[`linear_heads.${head}.bias`]!.data];
      let sum = bias[out!]!;
      for (let i = 0; i < 8; i++) sum += weight[out! * 8 + i]! * encoded.global!.data[row * 8 + i]!;
      return sum;
    }),
  );
  expected.forEach((value, i) => expect(heads.logits!.data[i]).toBeCloseTo(value, 5));
});

test('heads that are missing, doubled or of another width are refused', async () => {
  await expectRefusal(load(without(own, 'linear_heads')), /DIR: has no tensors "linear_heads.N.weight"/);
  await expectRefusal(load(without(own, 'linear_heads.0.bias')), /DIR: has no linear_heads.0.bias though 2 heads/);
  await expectRefusal(load(without(own, 'linear_heads.0')), /DIR: has no linear_heads.0.weight though 1 heads/);
  const doubled = { ...own, 'module.linear_heads.1.bias': own['linear_heads.1.bias']! };
  await expectRefusal(load(doubled), /are one parameter; keep one of them/);
  const narrow = { ...own, 'linear_heads.1.weight': { data: new Float32Array(14), shape: [2, 7] } };
  await expectRefusal(load(narrow), /linear_heads.1 has a weight \[2, 7\] and a bias \[2\]; a BERT of width 8 needs \[classes, 8\] and \[classes\]/);
  const many = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`linear_heads.${i}.weight`, { data: new Float32Array(8), shape: [1, 8] }]));
  await expectRefusal(load({ ...own, ...many }), /DIR: has 1001 heads; this loads 1000 at most/);
});
