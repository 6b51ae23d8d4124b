import { readFileSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensors, writeSafetensors } from '@hybridmed/runtime';
import type { HostArray } from '@hybridmed/tensor';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';
import { fails, quickDevice, trainedPhantoms } from './support/trained.ts';

const { folder, remove } = temporaryFolder();
const saved = join(folder, 'all.index');
let phantoms: string;
let trained: string;
let common: string[];

beforeAll(async () => {
  ({ phantoms, trained } = await trainedPhantoms(folder));
  common = ['retrieve', '--checkpoint', trained, '--cache', join(folder, 'features'), ...quickDevice];
});
afterAll(remove);

test('measures three directions, and saves an index', async () => {
  const { code, out, log } = await run(...common, '--data', `phantom:${phantoms}`, '--split', 'all', '--saved', saved);
  expect(code, log).toBe(0);
  for (const words of ['image to report: 80 queries', 'report to image: ', 'image to image of the same class', 'R@10', 'P@5', 'chance', saved])
    expect(out).toContain(words);
  const report = JSON.parse((await run(...common, '--data', `phantom:${phantoms}`, '--split', 'all', '--json')).out);
  expect(report.imageToReport.gallery).toBe(report.reportToImage.queries);
  expect(report.byClass.perClass).toBe(200);
  expect(report.studies).toBe(80);
});

test('a film finds itself first; words find the study whose report they are', async () => {
  const image = join(phantoms, 'images', 'p000007.png');
  const byImage = JSON.parse((await run(...common, '--query', image, '--saved', saved, '--count', '3', '--json')).out);
  expect(byImage).toMatchObject({ kind: 'image', gallery: 'images', studies: 80 });
  expect(byImage.nearest).toHaveLength(3);
  expect(byImage.nearest[0]).toMatchObject({ id: 'p000007', image });
  expect(byImage.nearest[0].similarity).toBeCloseTo(1, 5);
  const words = byImage.nearest[0].impression as string;
  const byText = JSON.parse((await run(...common, '--query', words, '--saved', saved, '--gallery', 'reports', '--json')).out);
  expect(byText).toMatchObject({ kind: 'text', gallery: 'reports' });
  expect(byText.nearest[0].similarity).toBeCloseTo(1, 5);
  expect(byText.nearest[0].impression).toBe(words);
  expect((await run(...common, '--query', words, '--saved', saved)).out).toContain('p0000');
});

test('a query makes the index it lacks', async () => {
  const fresh = join(folder, 'fresh.index');
  const { code, log } = await run(...common, '--query', 'Edema.', '--data', `phantom:${phantoms}`, '--split', 'test', '--saved', fresh);
  expect(code, log).toBe(0);
  expect(readFileSync(fresh).length).toBeGreaterThan(500);
});

test('wrong queries and indexes fail with one line', async () => {
  await fails([...common, '--query', '/nowhere.png', '--saved', saved], '/nowhere.png', 'does not exist');
  await fails([...common, '--query', ' ', '--saved', saved], '--query is empty');
  await fails([...common, '--query', 'Edema.', '--saved', join(folder, 'none.index')], 'none.index', '--data');
  await fails([...common, '--query', 'Edema.', '--saved', join(trained, 'checkpoints/stage2-best/model.safetensors')], 'is no index');
  const cut = join(folder, 'cut.index');
  writeFileSync(cut, readFileSync(saved).subarray(0, 900));
  await fails([...common, '--query', 'Edema.', '--saved', cut], 'cut.index');
  const narrow = join(folder, 'narrow.index');
  const { arrays, metadata } = await readSafetensors(saved);
  const half = ({ shape: [rows] }: HostArray): HostArray => ({ data: new Float32Array(rows! * 4), shape: [rows!, 4] });
  await writeSafetensors(narrow, { images: half(arrays['images']!), texts: half(arrays['texts']!) }, metadata);
  await fails([...common, '--query', 'Edema.', '--saved', narrow], 'narrow.index', 'has vectors of 4 values, the model');
  await writeSafetensors(narrow, { images: { ...arrays['images']!, data: arrays['images']!.data.map(() => Number.NaN) }, texts: arrays['texts']! }, metadata);
  await fails([...common, '--query', 'Edema.', '--saved', narrow], 'narrow.index', 'is damaged');
  const other = join(folder, 'other');
  await cp(join(trained, 'checkpoints/stage2-best'), other, { recursive: true });
  const bytes = readFileSync(join(other, 'model.safetensors'));
  bytes.writeFloatLE(9, bytes.length - 4);
  writeFileSync(join(other, 'model.safetensors'), bytes);
  await fails(['retrieve', '--checkpoint', other, ...quickDevice, '--query', 'Edema.', '--saved', saved], 'all.index', 'another checkpoint');
  await fails(['retrieve', '--checkpoint', join(trained, 'checkpoints/stage1-best'), ...quickDevice, '--data', `phantom:${phantoms}`], 'is of stage 1');
  const usage = await run('retrieve', '--checkpoint', trained);
  expect(usage.code).toBe(2);
  expect(usage.log).toContain('--query');
});
