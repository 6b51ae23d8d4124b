import type { TextEncoder, VisionEncoder } from '@hybridmed/nn';
import { collect, linear, relu } from '@hybridmed/nn';
import { ops } from '@hybridmed/tensor';
import { bert } from '@hybridmed/text';
import { resnet, vit } from '@hybridmed/vision';
import { checkEncoder } from '@hybridmed/testing';
import { describe, expect, test } from 'vitest';

const image = { kind: 'vit', imageSize: 8, patch: 4, channels: 1, width: 8, depth: 1, heads: 2 } as const;

/** Mean-pooled words: the smallest sound text encoder. */
const words: TextEncoder = {
  width: 4,
  vocabulary: 11,
  maxTokens: 12,
  parameters: { table: { shape: [11, 4], init: { kind: 'normal', std: 0.1 } } },
  call(scope, ids, mask) {
    const tokens = ops.gather(scope.get('table'), ids);
    const seen = ops.reshape(mask, [...mask.shape, 1]);
    return { tokens, global: ops.div(ops.sum(ops.mul(tokens, seen), { axes: [1] }), ops.maximum(ops.sum(seen, { axes: [1] }), 1)) };
  },
};

const patch = linear({ inputs: 16, outputs: 6 });
/** One linear map of each patch: the smallest sound vision encoder. */
const patches: VisionEncoder = {
  width: 6,
  tokenCount: 4,
  image: { size: 8, channels: 1 },
  parameters: collect({ patch }),
  call(scope, x) {
    const cells = ops.reshape(ops.transpose(ops.reshape(x, ['B', 2, 4, 2, 4]), [0, 1, 3, 2, 4]), ['B', 4, 16]);
    const tokens = relu(patch.call(scope.child('patch'), cells));
    return { tokens, global: ops.mean(tokens, { axes: [1] }) };
  },
};

describe('sound encoders pass', () => {
  test.each([
    ['a ViT', vit({ ...image, layerScale: true, registers: 2, mlp: 'swiglu' })],
    ['a ViT without a class token', vit({ ...image, classToken: false, pool: 'meanNormed' as const, preNorm: true, mlp: 'quickGelu' })],
    ['a ResNet', resnet({ kind: 'resnet', imageSize: 16, channels: 1, layers: [1, 1], channelsPerStage: [3, 4], stem: 3, block: 'basic' })],
    ['a BERT', bert({ vocabularySize: 13, width: 8, depth: 2, heads: 2, ffn: 12, positions: 14 })],
    ['a bag of words', words],
    ['linear patches', { ...patches, call: (scope: never, x: never) => patches.call(scope, ops.mul(x, 1)) }],
  ])('%s', async (_, encoder) => {
    const checks = (await checkEncoder(encoder as VisionEncoder)).map(({ check }) => check);
    expect(checks).toEqual(['names', 'shapes', 'determinism', 'independence', ...('vocabulary' in encoder ? ['padding'] : []), 'gradients']);
  });
});

/** Encoders with one fault each. */
const maskless: TextEncoder = {
  ...words,
  call(scope, ids) {
    const tokens = ops.gather(scope.get('table'), ids);
    return { tokens, global: ops.mean(tokens, { axes: [1] }) };
  },
};
const stopped: VisionEncoder = {
  ...patches,
  call(scope, x) {
    const { tokens, global } = patches.call(scope, x);
    return { tokens: ops.stopGradient(tokens), global };
  },
};
const entangled: VisionEncoder = {
  ...patches,
  call(scope, x) {
    const { tokens, global } = patches.call(scope, x);
    return { tokens, global: ops.sub(global, ops.mean(global, { axes: [0], keepDims: true })) };
  },
};

describe('faults are named', () => {
  test.each<[string, VisionEncoder | TextEncoder, RegExp]>([
    ['a mask that is not respected', maskless, /padding: "global" changes by/],
    [
      'a parameter that is never read',
      { ...words, parameters: { ...words.parameters, spare: { shape: [2], init: { kind: 'constant', value: 0 } } } },
      /names: "spare" is declared and never read/,
    ],
    ['one that is not declared', { ...words, parameters: {} }, /names: parameter "table" is missing/],
    ['a bad name', { ...words, parameters: { '../table': words.parameters['table']!, ...words.parameters } }, /names: "\.\.\/table" is no dotted name/],
    ['another width', { ...patches, width: 7 }, /shapes: "tokens" is \[B, 4, 6\] where \[B, 4, 7\] is due/],
    ['a token count that is none', { ...patches, tokenCount: 0.5 }, /shapes: "tokenCount" is 0\.5/],
    ['a gradient that is stopped', stopped, /gradients: "patch\.weight": .* where finite differences give/],
    ['studies that see each other', entangled, /independence: "global" of a study changes/],
  ])('%s', async (_, encoder, message) => {
    await expect(checkEncoder(encoder)).rejects.toThrow(message);
  });

  test('a frozen part that is not deterministic', async () => {
    let calls = 0;
    const frozen = {
      shape: [1, 8, 8],
      run: async (images: { data: Float32Array; shape: readonly number[] }) => ({ data: images.data.map((x) => x + calls++), shape: images.shape }),
    };
    await expect(checkEncoder({ ...patches, frozen: frozen as never })).rejects.toThrow(/determinism: "tokens" differs between two runs/);
  });
});
