// A run with an adapter before the image memory, dropout and standardization before the projections: its checkpoint, what is exported of it, and what it computes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';
import { quickDevice, quickTraining, trainedPhantoms } from './support/trained.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const [out, exported] = [join(folder, 'adapted'), join(folder, 'exported')];
let flags: string[];
let plain: string;

beforeAll(async () => {
  const { phantoms, trained } = await trainedPhantoms(folder);
  plain = trained;
  flags = ['--data', `phantom:${phantoms}`];
  const own = ['--stage1', trained, '--image-adapter', '--projection-dropout', '0.4', '--standardize', '--freeze', 'vision.*', 'text.*'];
  const { code, log } = await run('pretrain', ...flags, ...quickTraining, ...own, '--out', out);
  expect(code, log).toBe(0);
}, 120_000);

const modelOf = (trained: string) => JSON.parse(readFileSync(join(trained, 'checkpoints/stage2-best/config.json'), 'utf8')).model;

test('stands in the config of its checkpoint, and in no other', () => {
  const options = (trained: string) => [modelOf(trained).decoder.imageAdapter, modelOf(trained).projectionDropout, modelOf(trained).projectionBias];
  expect(options(out)).toEqual([true, 0.4, true]);
  expect(options(plain)).toEqual([undefined, undefined, undefined]);
});

test('is evaluated from the checkpoint, and alike from what is exported of it, which has no dropout', async () => {
  const written = await run('export', out, '--part', 'align', 'caption', 'summarize', '--out', exported, '--json');
  expect(written.code, written.log).toBe(0);
  for (const { graphs } of Object.values((JSON.parse(written.out) as { parts: Record<string, { graphs: Record<string, { error: number }> }> }).parts))
    for (const { error } of Object.values(graphs)) expect(error).toBeLessThan(1e-4);
  const evaluate = async (from: string) => {
    const evaluated = await run('evaluate', '--checkpoint', from, ...flags, ...quickDevice, '--json');
    expect(evaluated.code, evaluated.log).toBe(0);
    return JSON.parse(evaluated.out).losses as Record<string, number>;
  };
  const [own, ofExport] = [await evaluate(out), await evaluate(exported)];
  for (const key of ['cg', 'cl', 'cap']) expect(Math.abs(own[key]! - ofExport[key]!) / own[key]!, key).toBeLessThan(1e-4);
}, 120_000);
