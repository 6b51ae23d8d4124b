import { readdirSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { indexDataSet, openDataSet } from '@hybridmed/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeImage, write } from './fixtures.ts';
import { temporaryFolder } from './support.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const set = join(folder, 'mimic');
const index = join(folder, 'index');
const images = 24_000;
const patient = (i: number) => String(10_000_000 + (i >> 2));
const study = (i: number) => String(50_000_000 + (i >> 1));
const views = ['PA', 'LATERAL', 'AP', ''];

beforeAll(async () => {
  const rows = Array.from({ length: images }, (_, i) => i);
  write(
    join(set, 'mimic-cxr-2.0.0-metadata.csv.gz'),
    `dicom_id,subject_id,study_id,ViewPosition\n${rows.map((i) => `d${i},${patient(i)},${study(i)},${views[i % 4]}\n`).join('')}`,
  );
  // In another order than the metadata.
  write(join(set, 'mimic-cxr-2.0.0-split.csv'), `split,dicom_id\n${rows.toReversed().map((i) => `${i % 40 < 4 ? 'test' : 'train'},d${i}\n`).join('')}`); // prettier-ignore
  write(join(set, 'mimic-cxr-2.0.0-chexpert.csv'), `study_id,Edema,Fracture\n${rows.filter((i) => i % 2 === 0).map((i) => `${study(i)},${['1.0', '-1.0', '0.0', ''][(i >> 1) % 4]},\n`).join('')}`); // prettier-ignore
  await writeImage(join(set, `files/p10/p${patient(0)}/s${study(0)}/d0.jpg`));
});

const open = (options = {}) => openDataSet(`mimic:${set}`, { need: 'labels', index, ...options });

describe('the index of a large table', () => {
  test('is built once, holds what the tables say, and is opened in its place', async () => {
    const plain = await openDataSet(`mimic:${set}`, { need: 'labels', index: false });
    expect(plain.counts).toEqual({ rows: images, studies: images / 2, patients: images / 4, images: 1 });
    expect(plain.studies).toEqual([
      expect.objectContaining({
        id: 'd0',
        report: study(0),
        patient: patient(0),
        view: 'PA',
        split: 'test',
        labels: { Edema: 1 },
        publishedLabels: { Edema: 1 },
      }),
    ]);
    expect(await open()).toEqual(plain);
    expect(readdirSync(index)).toHaveLength(1);
    expect(await indexDataSet(`mimic:${set}`, { index })).toMatchObject({ rows: images, reused: true });
    expect(await open()).toEqual(plain);
  });

  test('finds images that came later, and leaves labels and placeholders to the options', async () => {
    await writeImage(join(set, `files/p10/p${patient(2)}/s${study(2)}/d2.jpg`), 2);
    expect((await open()).studies.map(({ id, labels }) => [id, labels])).toEqual([
      ['d0', { Edema: 1 }],
      ['d2', { Edema: 1 }],
    ]);
    expect((await open({ uncertain: 'zeros' })).studies[1]!.labels).toEqual({ Edema: 0 });
  });

  test('is built anew when a table changes, or when it is damaged', async () => {
    const table = join(set, 'mimic-cxr-2.0.0-chexpert.csv');
    writeFileSync(table, `study_id,Edema\n${study(0)},0.0\n`);
    utimesSync(table, 1_000_000, 1_000_000);
    expect((await open()).studies.map(({ labels }) => labels)).toEqual([{ Edema: 0 }]);
    const [file] = readdirSync(index).map((name) => join(index, name));
    for (const size of [0, 100, statSync(file!).size >> 1]) {
      truncateSync(file!, size);
      expect((await open()).studies).toHaveLength(1);
      expect(await indexDataSet(`mimic:${set}`, { index })).toMatchObject({ reused: true });
    }
  });

  test.each(['keep', 'mask', 'remove'] as const)('leaves texts in their file, and selects by their words: placeholders %s', async (deidPlaceholders) => {
    const texts = ['Clear lungs ___ unchanged.,No acute disease seen.', '___ lungs clear.,No acute disease.'];
    write(join(set, 'mimic_cxr_sectioned.csv'), `study,findings,impression\n${texts.map((text, i) => `s${study(2 * i)},${text}\n`).join('')}`); // prettier-ignore
    const pairs = (where: string | false) => openDataSet(`mimic:${set}`, { need: 'pairs', index: where, deidPlaceholders });
    const plain = await pairs(false);
    expect(plain.studies).toHaveLength(deidPlaceholders === 'remove' ? 1 : 2);
    expect(plain.studies[0]!.findings).toBe({ keep: 'Clear lungs ___ unchanged.', mask: 'Clear lungs [MASK] unchanged.', remove: 'Clear lungs unchanged.' }[deidPlaceholders]); // prettier-ignore
    await pairs(index);
    expect(await indexDataSet(`mimic:${set}`, { index })).toMatchObject({ reused: true });
    expect(await pairs(index)).toEqual(plain);
  });

  test('that cannot be kept is a warning', async () => {
    write(join(folder, 'file'), '');
    const { warnings, studies } = await open({ index: join(folder, 'file', 'inside') });
    expect(studies).toHaveLength(1);
    expect(warnings).toEqual([expect.stringContaining('could not be kept')]);
  });
});
