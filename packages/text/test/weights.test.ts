import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { plainDevice } from '@hybridmed/gpujs';
import type { HostArray } from '@hybridmed/tensor';
import { compile } from '@hybridmed/tensor';
import { initialize, openSafetensors, rootScope } from '@hybridmed/nn';
import { loadWeights } from '@hybridmed/nn/weights';
import { bert, bertWeights } from '@hybridmed/text';
import { describe, expect, test } from 'vitest';
import type { Arrays } from '../../nn/test/support/checkpoints.ts';
import { expectRefusal, expectRobust, loadCheckpoint, renamed, shapesOf, without } from '../../nn/test/support/checkpoints.ts';

const config = { vocabularySize: 20, width: 8, depth: 2, heads: 2, ffn: 12, positions: 10, types: 2 };
const own = initialize(bert(config).parameters, 1) as Arrays;
const json = {
  model_type: 'bert',
  vocab_size: 20,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 10,
  type_vocab_size: 2,
};
const nameless = { ...json, model_type: undefined };
const table = 'embeddings.word_embeddings.weight';

/** Loads arrays as a checkpoint would be. */
const load = (arrays: Arrays, options: Partial<Parameters<typeof bertWeights>[1]> = {}) =>
  loadCheckpoint(
    arrays,
    (shapes) => bertWeights(shapes, { config: json, label: 'DIR', ...options }),
    (of) => bert(of).parameters,
  );

describe('names', () => {
  test.each(['', 'bert.', 'module.bert.'])('under the prefix "%s", with gamma and beta, poolers and heads left over', async (prefix) => {
    const old = renamed(own, (name) => prefix + name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta'));
    const extra = {
      [`${prefix}pooler.dense.bias`]: own['embeddings.LayerNorm.bias']!,
      'cls.predictions.bias': own['embeddings.LayerNorm.bias']!,
      [`${prefix}embeddings.position_ids`]: { data: Int32Array.of(0), shape: [1] },
    };
    const { config: read, loaded, table: rows } = await load({ ...old, ...extra });
    expect(read).toEqual(config);
    expect(loaded).toEqual(own);
    expect(rows.filter(({ status }) => status === 'left over').map(({ tensor }) => tensor)).toEqual(Object.keys(extra).toSorted());
  });
});

test('a config without a model type is taken as BERT where nothing says otherwise', async () => {
  for (const changed of [nameless, { ...nameless, pad_token_id: 0, architectures: ['BertForMaskedLM'] }])
    expect((await load(own, { config: changed })).config).toEqual(config);
});

describe('another vocabulary', () => {
  const row = (data: HostArray['data'], id: number) => Array.from(data.subarray(id * 8, id * 8 + 8));

  test('a longer one keeps the known rows and initializes the others', async () => {
    const start = new Float32Array(22 * 8).fill(0.5);
    const { config: read, loaded, table: rows } = await load(own, { rows: Array.from({ length: 22 }, (_, id) => (id < 20 ? id : undefined)), start });
    expect(read.vocabularySize).toBe(22);
    expect(row(loaded[table]!.data, 19)).toEqual(row(own[table]!.data, 19));
    expect(row(loaded[table]!.data, 21)).toEqual(Array(8).fill(0.5));
    expect(rows.find(({ parameter }) => parameter === table)).toMatchObject({ status: 'converted', note: 'rows of 20 of 22 tokens' });
  });

  test('a cut one takes its rows by name', async () => {
    const { loaded } = await load(own, { rows: [4, 0, 19] });
    expect(loaded[table]!.shape).toEqual([3, 8]);
    expect([0, 1, 2].map((id) => row(loaded[table]!.data, id))).toEqual([4, 0, 19].map((id) => row(own[table]!.data, id)));
  });
});

describe('what matters is an error', () => {
  test.each<[string, Arrays, unknown, RegExp]>([
    ['a missing tensor', without(own, 'layer.1.output.dense'), json, /^safetensors data: has no tensor for encoder\.layer\.1\.output\.dense\.weight/],
    ['a missing layer', without(own, 'layer.1.'), json, /"num_hidden_layers" is 2, the tensors say 1/],
    ['no BERT', { x: own['embeddings.LayerNorm.bias']! }, json, /holds no BERT/],
    ['two', { ...own, ...renamed(own, (name) => `b.${name}`) }, json, /holds 2 BERTs, under "b\.", ""/],
    ['an adapter inside', { ...own, 'encoder.layer.0.output.adapter.weight': own['embeddings.LayerNorm.bias']! }, json, /adapter\.weight" is of no BERT/],
    ['another vocabulary in the config', own, { ...json, vocab_size: 21 }, /"vocab_size" is 21, the tensors say 20/],
    ['rotary positions', own, { ...json, position_embedding_type: 'relative_key' }, /"position_embedding_type" is "relative_key"/],
    ['another activation', own, { ...json, hidden_act: 'relu' }, /"hidden_act" is "relu"; this loads gelu/],
    ['a decoder', own, { ...json, is_decoder: true }, /"is_decoder" is true; this loads encoders/],
    ['another model', own, { ...json, model_type: 'roberta' }, /"model_type" is "roberta"; this loads bert, cxr-bert/],
    ['RoBERTa by its padding', own, { ...nameless, pad_token_id: 1 }, /"model_type" is missing, and its padding token is 1, not 0 as BERT's/],
    ['RoBERTa by its class', own, { ...nameless, architectures: ['RobertaModel'] }, /"model_type" is missing, and its "architectures" has "RobertaModel"/],
    ['RoBERTa by its prefix', renamed(own, (name) => `roberta.${name}`), nameless, /"model_type" is missing, and its tensors are called "roberta\."/],
    ['heads that do not divide', own, { ...json, num_attention_heads: 3 }, /"num_attention_heads" is 3, which does not divide/],
    ['a negative size', own, { ...json, hidden_size: -8 }, /"hidden_size" is -8/],
    ['a huge size', own, { ...json, max_position_embeddings: 1e9 }, /"max_position_embeddings" is 1000000000, the tensors say 10/],
    ['a missing size', own, { ...json, intermediate_size: undefined }, /"intermediate_size" is missing/],
    ['no object', own, 7, /is not a JSON object/],
  ])('%s', async (_, arrays, changed, message) => expectRefusal(load(arrays, { config: changed }), message));

  test('10,000 random configs give an answer or a WeightsError', () => {
    const shapes = shapesOf(own);
    expectRobust((changed) => bertWeights(shapes, { config: changed }), json, ['hidden_act', 'is_decoder', '__proto__'], [1, 2, 8, 12, 20]);
  });
});

const shared = join(import.meta.dirname, '../../../../shared/data/hf');

// Hidden states of transformers' BertModel in evaluation mode: ids 2 5 9 3 of one text, the first four numbers at [CLS] and at the last token.
describe.skipIf(!existsSync(shared))('published checkpoints give what transformers computes (skipped where shared/data is absent)', () => {
  test.each<[string, number[]]>([
    ['tiny_bert_coldfire', [0.695926, 1.54078, 0.150921, -0.111694, -1.68802, 0.857225, -0.364679, 0.979651]],
    ['tiny_bert_jammi', [0.0756775, 0.332185, -0.358694, 0.231368, -0.853126, -1.77469, -0.769835, -0.014866]],
  ])('%s', async (name, expected) => {
    const source = await openSafetensors(readFileSync(join(shared, name, 'model.safetensors')));
    const { config: read, recipes } = bertWeights(source.shapes, { config: JSON.parse(readFileSync(join(shared, name, 'config.json'), 'utf8')) });
    const encoder = bert(read);
    const run = compile(plainDevice(), ({ ids, mask, ...parameters }) => ({ tokens: encoder.call(rootScope(parameters), ids!, mask!).tokens }));
    const { tokens } = await run({
      ...(await loadWeights(encoder.parameters, recipes, source)),
      ids: { data: Int32Array.of(2, 5, 9, 3), shape: [1, 4] },
      mask: { data: Float32Array.of(1, 1, 1, 1), shape: [1, 4] },
    });
    const ours = [...tokens!.data.slice(0, 4), ...tokens!.data.slice(3 * read.width, 3 * read.width + 4)];
    const scale = Math.max(...expected.map(Math.abs));
    expected.forEach((value, i) => expect(Math.abs(ours[i]! - value) / scale).toBeLessThan(1e-4));
  });
});
