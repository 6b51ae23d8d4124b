import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkDataSet, makeSplit, openDataSet, readSplit, verifySplit, writeSplit } from '@hybridmed/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { csv, writeImage, write } from './fixtures.ts';
import { temporaryFolder } from './support.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  const rows = Array.from({ length: 40 }, (_, i) => [`f${i}.jpg`, `p${i >> 1}`, 'the lungs are clear', `no acute disease seen number ${i}`]);
  write(at('set.csv'), csv(['image', 'patient', 'findings', 'impression'], ...rows));
  await Promise.all(rows.map((_, i) => writeImage(at(`f${i}.jpg`), i)));
});

describe('split ids', () => {
  test('are written by patient, sorted, and read back as the same split', async () => {
    const ids = await makeSplit(`csv:${at('set.csv')}`);
    expect([ids.key, ids.splits.size]).toEqual(['patient', 20]);
    const hash = await writeSplit(at('ids.csv'), ids);
    const text = readFileSync(at('ids.csv'), 'utf8');
    expect(text.split('\n')[0]).toBe('patient,split');
    expect(text.trim().split('\n').slice(1)).toEqual(text.trim().split('\n').slice(1).toSorted());
    expect(createHash('sha256').update(text).digest('hex')).toBe(hash);
    expect(await readSplit(at('ids.csv'))).toEqual({ key: 'patient', splits: new Map([...ids.splits].toSorted()) });
    const { studies } = await openDataSet(`csv:${at('set.csv')}`);
    expect((await openDataSet(`csv:${at('set.csv')}`, { splitFile: at('ids.csv') })).studies).toEqual(studies);
    expect(await verifySplit(`csv:${at('set.csv')}`, at('ids.csv'))).toMatchObject({ unlisted: 0, unknown: 0, leaks: 0, moved: 0 });
  });

  test('are drawn anew by the rank of sha256(id)', async () => {
    const ids = await makeSplit(`csv:${at('set.csv')}`, { fractions: { validate: 0.15, test: 0.15 } });
    const ranked = Array.from({ length: 20 }, (_, i) => `p${i}`).toSorted((a, b) => {
      const [x, y] = [a, b].map((id) => createHash('sha256').update(id).digest('hex'));
      return x! < y! ? -1 : 1;
    });
    expect(ranked.map((id) => ids.splits.get(id))).toEqual([...Array(14).fill('train'), ...Array(3).fill('validate'), ...Array(3).fill('test')]);
  });

  test('a file that misses some drops them, names ids the set lacks, and shows leaks', async () => {
    write(at('some.csv'), 'image,split\n1,train\n2,test\n3,val\nnone,test\n');
    const { studies, dropped } = await openDataSet(`csv:${at('set.csv')}`, { splitFile: at('some.csv') });
    expect(studies.map(({ id, split }) => [id, split])).toEqual([
      ['1', 'train'],
      ['2', 'test'],
      ['3', 'validate'],
    ]);
    expect(dropped).toEqual({ 'the split file does not list it': 37 });
    expect(await verifySplit(`csv:${at('set.csv')}`, at('some.csv'))).toMatchObject({ unlisted: 37, unknown: 1, leaks: 1 });
    expect((await checkDataSet(`csv:${at('set.csv')}`, { splitFile: at('some.csv') })).leaks.patients).toBe(1);
  });

  test('leave out what a test set was drawn from', async () => {
    write(at('out.csv'), 'patient,split\np0,test\np7,test\n');
    const { studies, dropped } = await openDataSet(`csv:${at('set.csv')}`, { excludeIds: at('out.csv') });
    expect(studies.some(({ patient }) => patient === 'p0' || patient === 'p7')).toBe(false);
    expect(dropped).toEqual({ 'it is left out by its id': 4 });
  });

  test.each([
    ['patient,split\np1,held\n', 'row 2: "held" is none of train, validate, test'],
    ['patient,split\np1,train\np1,test\n', 'row 3: "p1" is in two parts'],
    ['who,split\np1,train\n', 'the column "who" is none of patient, study, image'],
    ['patient,split\n', 'lists no id'],
    ['patient,part\np1,train\n', 'has no column "split"'],
  ])('%j is refused', async (text, message) => {
    write(at('bad.csv'), text);
    await expect(readSplit(at('bad.csv'))).rejects.toThrow(message);
  });
});

describe('what stands on both sides of a split', () => {
  const rows = (...list: [string, string, string, string][]) =>
    csv(
      ['image', 'patient', 'split', 'impression', 'findings'],
      ...list.map(([image, patient, split, text]) => [image, patient, split, text, 'the lungs are clear']),
    );

  test('a patient, a file, and a copy of a file are leaks; look-alikes and equal texts are warnings', async () => {
    await writeImage(at('big.png'), 5, { width: 200, height: 240 });
    await writeImage(at('small.jpg'), 5, { width: 120, height: 144, quality: 70 });
    write(at('copy.jpg'), '');
    await writeImage(at('copy.jpg'), 3);
    await writeImage(at('original.jpg'), 3);
    write(at('leaks.csv'), rows(['f1.jpg', 'a', 'train', 'one two three'], ['f2.jpg', 'a', 'test', 'four five six'], ['original.jpg', 'b', 'train', 'equal text here'], ['copy.jpg', 'c', 'validate', 'equal text here'], ['big.png', 'd', 'train', 'seven eight nine'], ['small.jpg', 'e', 'test', 'ten eleven twelve'])); // prettier-ignore
    const report = await checkDataSet(`csv:${at('leaks.csv')}`);
    expect(report.leaks).toEqual({ patients: 1, studies: 0, images: 1 });
    expect(report.shared.texts).toBe(1);
    expect(report.lookAlikes).toEqual({ pairs: 1, examples: [[at('big.png'), at('small.jpg')]] });
    expect(report.warnings).toEqual([expect.stringContaining('word for word'), expect.stringContaining('1 pair of images')]);
    expect(report.unreadable).toEqual([]);
    const without = await checkDataSet(`csv:${at('leaks.csv')}`, { images: false });
    expect([without.leaks.images, without.lookAlikes]).toEqual([0, undefined]);
  });

  test('an image that cannot be read is named', async () => {
    write(at('broken.jpg'), 'no image');
    write(at('unreadable.csv'), rows(['broken.jpg', 'a', 'train', 'one two three'], ['f1.jpg', 'b', 'test', 'four five six']));
    expect((await checkDataSet(`csv:${at('unreadable.csv')}`)).unreadable).toEqual([expect.stringContaining('broken.jpg')]);
  });
});
