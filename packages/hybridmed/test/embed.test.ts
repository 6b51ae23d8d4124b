// `hybridmed embed`: features of a checkpoint's and an exported encoder as safetensors.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeSafetensors, initialize } from '@hybridmed/nn';
import type { ViTConfig } from '@hybridmed/vision';
import { visionEncoder } from '@hybridmed/vision';
import { exportCheckpoint, readSafetensors } from 'hybridmed/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { untrainedCheckpoint } from '../../../tools/support/checkpoint.ts';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';

const { folder, remove } = temporaryFolder();
const [checkpoint, exported, texts] = [join(folder, 'checkpoint'), join(folder, 'exported'), join(folder, 'texts.txt')];
const lines = ['No acute disease.', 'The heart is enlarged. There is a small left effusion.', '', 'Normal.'];
const images: string[] = [];

beforeAll(async () => {
  const phantoms = await smallPhantoms(folder);
  images.push(...[1, 2, 3].map((i) => join(phantoms, 'images', `p00000${i}.png`)));
  await untrainedCheckpoint(checkpoint, lines);
  await exportCheckpoint({ checkpoint, parts: ['text', 'vision'], out: exported });
  writeFileSync(texts, `${lines.join('\r\n')}\n\n`);
});
afterAll(remove);

const embed = async (name: string, ...flags: string[]) => {
  const out = join(folder, `${name}.safetensors`);
  const { code, log, out: printed } = await run('embed', ...flags, '--out', out, '--device', 'cpu', '--json');
  expect(code, log).toBe(0);
  return { ...(await readSafetensors(out)), result: JSON.parse(printed) };
};

describe('texts', () => {
  test('tokens are zero at padding, the mask tells real ones, global is the vector at [CLS]', async () => {
    const { arrays, metadata, result } = await embed('texts', '--checkpoint', checkpoint, '--texts', texts);
    const { tokens, mask, global } = arrays;
    const [count, length, width] = tokens!.shape as [number, number, number];
    expect([count, width, result.shapes.tokens, metadata.kind]).toEqual([4, 40, tokens!.shape, 'texts']);
    expect(Object.keys(arrays).toSorted()).toEqual(['global', 'mask', 'tokens']);
    const real = Array.from(
      { length: count },
      (_, row) => Array.from(mask!.data.slice(row * length, (row + 1) * length)).filter((value) => value === 1).length,
    );
    // An empty text is [CLS] [SEP]; the longest fills its row.
    expect([real[2], Math.max(...real)]).toEqual([2, length]);
    for (let row = 0; row < count; row++) {
      expect(global!.data.slice(row * width, (row + 1) * width)).toEqual(tokens!.data.slice(row * length * width, (row * length + 1) * width));
      for (let at = 0; at < length; at++) {
        const vector = tokens!.data.slice((row * length + at) * width, (row * length + at + 1) * width);
        expect(vector.some((value) => value !== 0)).toBe(at < real[row]!);
      }
    }
  });

  test('a text has the same features alone as beside longer ones, and from the exported encoder', async () => {
    const { arrays: all } = await embed('all', '--checkpoint', checkpoint, '--texts', texts);
    const one = join(folder, 'one.json');
    writeFileSync(one, JSON.stringify([lines[0]]));
    for (const source of [checkpoint, exported]) {
      const { tokens } = (await embed('one', '--checkpoint', source, '--texts', one)).arrays;
      tokens!.data.forEach((value, i) => expect(Math.abs(value - all.tokens!.data[i]!)).toBeLessThan(1e-5));
    }
  });

  test('longer texts are cut, and it is said', async () => {
    const { arrays, result } = await embed('cut', '--checkpoint', checkpoint, '--texts', texts, '--max-tokens', '4');
    // Only the empty text has no more than four.
    expect([arrays.tokens!.shape[1], result.cut]).toEqual([4, 3]);
  });
});

describe('images', () => {
  test('every token is real; the files are named in row order', async () => {
    const { arrays, metadata } = await embed('images', '--checkpoint', checkpoint, '--images', ...images);
    expect([arrays.tokens!.shape, arrays.global!.shape]).toEqual([
      [3, 16, 48],
      [3, 48],
    ]);
    expect(arrays.mask!.data.every((value) => value === 1)).toBe(true);
    expect(JSON.parse(metadata.files!)).toEqual(images);
    const { arrays: again } = await embed('exported', '--checkpoint', exported, '--images', images[1]!);
    again.global!.data.forEach((value, i) => expect(Math.abs(value - arrays.global!.data[48 + i]!)).toBeLessThan(1e-5));
  });
});

describe('an encoder that no config describes', () => {
  const config: ViTConfig = { kind: 'vit', imageSize: 32, patch: 16, channels: 3, width: 192, depth: 1, heads: 3 };
  const file = (name: string): string => join(folder, `${name}.safetensors`);
  beforeAll(() => writeFileSync(file('bare'), Buffer.concat(encodeSafetensors(initialize(visionEncoder(config).parameters, 1)))));

  test('what is assumed of it is said by embed and info', async () => {
    const { code, log } = await run('embed', '--vision', `hf:${file('bare')}`, '--images', images[0]!, '--out', file('of-bare'), '--device', 'cpu');
    expect(code, log).toBe(0);
    expect(log).toContain(`${file('bare')}: assumed: 3 heads, as is usual of a width of 192`);
    const { out } = await run('info', `hf:${file('bare')}`, '--json');
    expect(JSON.parse(out).encoders[0].assumed).toEqual([expect.stringContaining('3 heads'), expect.stringContaining('GELU')]);
    expect((await run('info', `hf:${file('bare')}`)).out).toContain('\nassumed: 3 heads');
  });

  test('with a config of another computation beside it is refused in a line that names the file and the field', async () => {
    const json = join(folder, 'bare.json');
    writeFileSync(json, JSON.stringify({ architecture: 'vit_base_patch16_rpn_224' }));
    const { code, log } = await run('embed', '--vision', `hf:${file('bare')}`, '--images', images[0]!, '--out', file('not'), '--device', 'cpu');
    expect(code).toBe(1);
    expect(log).toContain(`${json}: "architecture" is "vit_base_patch16_rpn_224", which is not one that this loads`);
    expect(existsSync(file('not'))).toBe(false);
  });
});

const shared = fileURLToPath(new URL('../../../../shared/data/hf/', import.meta.url));

describe.skipIf(!existsSync(shared))('published encoders (../shared/data/hf)', () => {
  test('texts by a BERT with its own tokenizer', async () => {
    const { arrays, metadata } = await embed('bert', '--text', `hf:${shared}tiny_bert_coldfire`, '--texts', texts);
    expect([arrays.tokens!.shape[0], arrays.tokens!.shape[2], arrays.global!.shape]).toEqual([4, 32, [4, 32]]);
    expect(metadata.source).toContain('tiny_bert_coldfire');
  });

  test('images by a vision tower; its own mean and deviation count', async () => {
    const tower = `${shared}tiny_open_clip_jammi`;
    const plain = (await embed('tower', '--vision', `hf:${tower}`, '--images', images[0]!)).arrays;
    const copy = join(folder, 'tower');
    await cp(tower, copy, { recursive: true });
    // The same as its own config says, written out; then another.
    const { mean, std } = JSON.parse(readFileSync(join(tower, 'open_clip_config.json'), 'utf8')).preprocess_cfg;
    writeFileSync(join(copy, 'preprocessor_config.json'), JSON.stringify({ image_mean: mean, image_std: std }));
    const same = (await embed('tower', '--vision', `hf:${copy}`, '--images', images[0]!)).arrays;
    same.global!.data.forEach((value, i) => expect(value).toBeCloseTo(plain.global!.data[i]!, 6));
    writeFileSync(join(copy, 'preprocessor_config.json'), JSON.stringify({ image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] }));
    expect((await embed('tower', '--vision', `hf:${copy}`, '--images', images[0]!)).arrays.global!.data).not.toEqual(plain.global!.data);
    writeFileSync(join(copy, 'preprocessor_config.json'), JSON.stringify({ image_mean: 'grey' }));
    const { code, log } = await run('embed', '--vision', `hf:${copy}`, '--images', images[0]!, '--out', join(folder, 'x.safetensors'), '--device', 'cpu');
    expect(code).toBe(1);
    expect(log).toContain('"image_mean" is "grey"; it must be a list of numbers');
  });
});

test('usage errors end with 2, failures with 1 and nothing half-written', async () => {
  const out = join(folder, 'none.safetensors');
  const fails = async (code: number, word: string, ...flags: string[]) => {
    const result = await run('embed', ...flags, '--out', out, '--device', 'cpu');
    expect(result.code, result.log).toBe(code);
    expect(result.log).toContain(word);
    expect(existsSync(out)).toBe(false);
  };
  await fails(2, 'for texts, give --checkpoint DIR or --text hf:DIR alone', '--texts', texts);
  await fails(2, 'either --checkpoint or hf:x', '--checkpoint', checkpoint, '--text', 'hf:x', '--texts', texts);
  await fails(2, 'either --texts', '--checkpoint', checkpoint);
  await fails(2, 'for images, give --checkpoint DIR or --vision hf:DIR alone', '--text', 'hf:x', '--images', images[0]!);
  await fails(2, 'hf:x', '--text', 'x', '--texts', texts);
  await fails(1, '/nowhere', '--text', 'hf:/nowhere', '--texts', texts);
  await fails(1, '/nowhere.txt', '--checkpoint', checkpoint, '--texts', '/nowhere.txt');
  await fails(1, '/nowhere.png', '--checkpoint', checkpoint, '--images', images[0]!, '/nowhere.png');
  const empty = join(folder, 'empty.txt');
  writeFileSync(empty, '\n\n');
  await fails(1, 'holds no text', '--checkpoint', checkpoint, '--texts', empty);
  writeFileSync(join(folder, 'list.json'), '["a", 2]');
  await fails(1, 'entry 2 is no text', '--checkpoint', checkpoint, '--texts', join(folder, 'list.json'));
  expect(readFileSync(texts, 'utf8')).toContain('No acute');
});
