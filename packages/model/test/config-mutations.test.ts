import { createModel, formatVersion, parseCheckpoint } from '@hybridmed/model';
import type { CheckpointBytes } from '@hybridmed/model';
import { presetModel } from '@hybridmed/model/presets';
import { encodeSafetensors, initialize } from '@hybridmed/nn';
import { HybridmedError, mix32 } from '@hybridmed/tensor';
import { trainWordPiece } from '@hybridmed/text';
import { describe, expect, test } from 'vitest';

const tokenizer = trainWordPiece(['No acute cardiopulmonary abnormality.', 'Small left pleural effusion.'], { size: 60 });
const sizes = presetModel('tiny', tokenizer.vocabularySize, tokenizer.special);
const config = { formatVersion, preset: 'tiny', stage: 2, model: sizes, input: { resize: 36, findingsLength: 128, impressionLength: 48 } };
const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const weights = Buffer.concat([...encodeSafetensors(initialize(createModel(sizes).parameters, 0))]);
const files = (changedConfig: unknown): CheckpointBytes => ({
  'config.json': text(changedConfig),
  'tokenizer.json': text(tokenizer.toJSON()),
  'model.safetensors': weights,
});

/** A copy of the configuration with one value changed, by its path. */
function withValue(path: string, value: unknown): unknown {
  const copy = structuredClone(config) as Record<string, unknown>;
  const keys = path.split('.');
  const last = keys.pop()!;
  const part = keys.reduce<Record<string, unknown>>((inner, key) => inner[key] as Record<string, unknown>, copy);
  if (value === undefined) delete part[last];
  else part[last] = value;
  return copy;
}

const refusal = (value: unknown): string => {
  try {
    parseCheckpoint('folder', files(value));
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

test('what was written is read', () => {
  expect(refusal(config)).toBe('');
});

test('a configuration of version 1 is read under the names of today', () => {
  const { imageSize, ...vision } = sizes.vision as { imageSize: number };
  const { vocabularySize, ...decoder } = sizes.decoder;
  const { vocabularySize: words, ...encoder } = sizes.text;
  const earlier = { ...sizes, vision: { ...vision, image: imageSize }, text: { ...encoder, vocab: words }, decoder: { ...decoder, vocab: vocabularySize } };
  expect(refusal({ ...config, formatVersion: 1, model: earlier })).toBe('');
  expect(refusal({ ...config, model: earlier })).toContain('"model.vision.imageSize" is missing');
});

test.each([
  ['model.vision.depth', 1e7, '"model.vision.depth" is 10000000; it must be a whole number from 1 to 256'],
  ['model.decoder.depth', 2 ** 40, '"model.decoder.depth" is 1099511627776; it must be a whole number from 1 to 256'],
  ['model.text.width', -40, '"model.text.width" is -40; it must be a whole number from 1 to 16384'],
  ['model.text.heads', 3, '"model.text.heads" must be a divisor of "width", 40'],
  ['model.vision.patch', 7, '"model.vision.patch" must be a divisor of "imageSize", 32'],
  ['model.text.pooling', 'max', '"model.text.pooling" is "max"; it must be "cls" or "mean"'],
  ['model.special.cls', 1e9, '"model.special.cls" is 1000000000; it must be a whole number from 0 to 4194304'],
  ['model.special.sep', 60_000, `"model.special.sep" must be below the vocabulary's size, ${tokenizer.vocabularySize}`],
  ['input.resize', -1, '"input.resize" is -1; it must be a whole number from 1 to 8192'],
  ['input.resize', 31, `"input.resize" must be at least the image's side, 32`],
  ['input.impressionLength', 0, '"input.impressionLength" is 0; it must be a whole number from 3 to 131072'],
  ['input.findingsLength', 129, `"input.findingsLength" must be at most the text encoder's positions, 128`],
  ['model.decoder.vocabularySize', 61_000, `"model.decoder.vocabularySize" must be that of "model.text", ${tokenizer.vocabularySize}`],
  [
    'model.vision.kind',
    'toString',
    '"model.vision.kind" is "toString"; it must be "vit" or "resnet" or "densenet" or "efficientnet" or "convnext" or "module"',
  ],
  ['model.vision', undefined, '"model.vision" is missing'],
  ['model.vision.layers', [1], '"model.vision.layers" is no key of this version'],
  ['preset', 'tiny\u001b[31m', 'it must be a text of 1 to 64 characters without control characters'],
  ['model.losses', ['toString'], '"model.losses" is ["toString"]; it must be a list of 1 to'],
  ['model.losses', [], '"model.losses" is []; it must be a list of 1 to'],
])('%s of %j is refused by name', (path, value, problem) => {
  expect(refusal(withValue(path, value))).toContain(`folder/config.json: `);
  expect(refusal(withValue(path, value))).toContain(problem);
});

const values: readonly unknown[] = [
  -1,
  0,
  1,
  2,
  3,
  1.5,
  7,
  64,
  4096,
  1e5,
  1e7,
  2 ** 31,
  2 ** 53,
  1e308,
  null,
  true,
  '',
  'x',
  'x'.repeat(1e5),
  [],
  [1, 2],
  {},
  undefined,
];

describe('a configuration with values changed at random', () => {
  const count = Number(process.env.HYBRIDMED_MUTATIONS ?? 300);
  const paths = (value: object, at = ''): string[] =>
    Object.entries(value).flatMap(([key, inner]) => [`${at}${key}`, ...(typeof inner === 'object' ? paths(inner as object, `${at}${key}.`) : [])]);
  const all = paths(config);

  test(`ends in one line or in a model, soon and in little memory (${count} of them)`, () => {
    for (let i = 0; i < count; i++) {
      const [path, value] = [all[mix32(i) % all.length]!, values[mix32(i + 1e6) % values.length]];
      const before = process.memoryUsage().rss;
      const started = performance.now();
      let message = '';
      try {
        parseCheckpoint('folder', files(withValue(path, value)));
      } catch (error) {
        expect(error, `${path}: ${String(value)}`).toBeInstanceOf(HybridmedError);
        message = (error as Error).message;
      }
      const what = `${path} = ${JSON.stringify(value)?.slice(0, 40)}: ${message}`;
      if (message !== '') expect(message, what).toMatch(/^folder\/(?:config\.json|model\.safetensors|tokenizer\.json): [^\n]+$/);
      expect(message.length, what).toBeLessThan(400);
      expect(performance.now() - started, what).toBeLessThan(2000);
      expect((process.memoryUsage().rss - before) / 2 ** 20, what).toBeLessThan(100);
    }
  });
});

const image = { imageSize: 32, channels: 1 };
const network = {
  kind: 'efficientnet',
  ...image,
  names: 'timm',
  architecture: 'efficientnet_lite0',
  stem: 4,
  stages: [[{ kernel: 3, stride: 2, outputs: 4 }]],
  head: 8,
  activation: 'relu6',
};
const next = { kind: 'convnext', ...image, depths: [1, 1], widths: [4, 8] };

test.each<[object, string]>([
  [{ ...network, stages: [[{ kernel: 3, stride: 0, outputs: 4 }]] }, '"model.vision.stages"'],
  [{ ...network, stages: [[{ kernel: 3, stride: 1, outputs: 4, more: 1 }]] }, '"model.vision.stages"'],
  [{ ...network, stages: [[{ kernel: 4, stride: 1, outputs: 4 }]] }, '"model.vision.stages" must be of kernels of an odd side'],
  [{ ...network, stages: [] }, '"model.vision.stages"'],
  [{ ...network, names: 'constructor' }, '"model.vision.names" is "constructor"'],
  [{ ...network, activation: 'toString' }, '"model.vision.activation" is "toString"'],
  [{ ...network, mean: [0.5, 0.5, 0.5] }, '"model.vision.mean" must be as long as "std"'],
  [{ ...network, mean: [0.5, 0.5], std: [1, 0] }, '"model.vision.std"'],
  [{ ...network, channels: 3, mean: [0.5, 0.5], std: [1, 1] }, '"model.vision.mean" must be as long as "std", with a number for each channel'],
  [
    { kind: 'densenet', ...image, layers: [1, 1], growth: 4, bottleneck: 8, stem: 4, transitions: [4, 4] },
    '"model.vision.transitions" must be one fewer than "layers"',
  ],
  [{ ...next, widths: [4] }, '"model.vision.widths" must be as long as "depths"'],
  [{ ...next, kernel: 6 }, '"model.vision.kernel" must be odd'],
])('of a convolutional encoder %j is refused by name', (vision, problem) => {
  expect(refusal(withValue('model.vision', vision))).toContain(problem);
});
