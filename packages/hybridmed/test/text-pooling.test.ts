// A run whose texts are pooled by their mean: kept in its checkpoint, computed by its exported graphs, saved and read back.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pretrainedText } from 'hybridmed/encoders';
import { readSafetensors } from 'hybridmed/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';
import { quickTraining } from './support/trained.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const [trained, saved] = [join(folder, 'trained'), join(folder, 'saved')];
let flags: string[];

beforeAll(async () => {
  flags = ['--data', `phantom:${await smallPhantoms(folder)}`, ...quickTraining];
  const { code, log } = await run('pretrain', ...flags, '--text-pooling', 'mean', '--out', trained);
  expect(code, log).toBe(0);
  const written = await run('save', trained, '--part', 'text', '--out', saved);
  expect(written.code, written.log).toBe(0);
}, 120_000);

const poolingOf = (out: string): unknown =>
  (JSON.parse(readFileSync(join(out, 'checkpoints', 'stage2-last', 'config.json'), 'utf8')) as { model: { text: { pooling?: string } } }).model.text.pooling;

test('the checkpoint says it, and its exported graphs compute it', async () => {
  expect(poolingOf(trained)).toBe('mean');
  const { code, out, log } = await run('export', trained, '--part', 'text', 'align', '--out', join(folder, 'exported'), '--json');
  expect(code, log).toBe(0);
  for (const { graphs } of Object.values((JSON.parse(out) as { parts: Record<string, { graphs: Record<string, { error: number }> }> }).parts))
    for (const { error } of Object.values(graphs)) expect(error).toBeLessThan(1e-4);
  const [texts, features] = [join(folder, 'texts.txt'), join(folder, 'features.safetensors')];
  writeFileSync(texts, 'The heart is enlarged.\nNo effusion.\n');
  const embedded = await run('embed', '--checkpoint', trained, '--texts', texts, '--out', features, '--device', 'cpu');
  expect(embedded.code, embedded.log).toBe(0);
  const { tokens, mask, global } = (await readSafetensors(features)).arrays;
  const [count, length, width] = tokens!.shape as [number, number, number];
  expect(count).toBe(2);
  for (let i = 0; i < count * width; i++) {
    const [row, k] = [Math.floor(i / width), i % width];
    const places = Array.from({ length }, (_, place) => row * length + place).filter((place) => mask!.data[place] === 1);
    expect(global!.data[i]).toBeCloseTo(places.reduce((sum, place) => sum + tokens!.data[place * width + k]!, 0) / places.length, 5);
  }
});

test('it is saved as sentence-transformers has it, and a run on the saved encoder has it', async () => {
  expect(readFileSync(join(saved, 'README.md'), 'utf8')).toContain('their mean over all tokens represents the text');
  const { config, assumed } = await pretrainedText(saved);
  expect([config.pooling, assumed]).toEqual(['mean', []]);
  const [own, given] = [join(folder, 'own'), join(folder, 'given')];
  const { code, log } = await run('pretrain', ...flags, '--text', `hf:${saved}`, '--out', own);
  expect(code, log).toBe(0);
  expect(log).not.toContain('assumed: text pooling');
  expect(poolingOf(own)).toBe('mean');
  expect((await run('pretrain', ...flags, '--text', `hf:${saved}`, '--text-pooling', 'cls', '--out', given)).code).toBe(0);
  expect(poolingOf(given)).toBeUndefined();
}, 60_000);

test('without the file cls is assumed, and printed', async () => {
  rmSync(join(saved, '1_Pooling'), { recursive: true });
  expect((await pretrainedText(saved)).config.pooling).toBeUndefined();
  const { log } = await run('pretrain', ...flags, '--text', `hf:${saved}`, '--out', join(folder, 'assumed'));
  expect(log).toContain(`text: ${saved}: assumed: text pooling cls, since it has no 1_Pooling/config.json`);
  expect((await run('info', `hf:${saved}`)).out).toContain('assumed: text pooling cls');
});
