// CheXpert's tables and CheXpert Plus's reports, in files of the published shape with invented contents.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkDataSet, openDataSet } from '@hybridmed/data';
import { afterAll, describe, expect, test } from 'vitest';
import { chexpertHeader, csv, writeImage, write } from './fixtures.ts';
import { temporaryFolder } from './support.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const at = (...names: string[]) => join(folder, ...names);

describe('CheXpert', () => {
  const row = (path: string, view: string, ...labels: string[]) => `CheXpert-v1.0-small/${path},Male,61,${view},AP,${labels.join(',')}\n`;
  const blank = (...set: [number, string][]) => Array.from({ length: 14 }, (_, i) => set.find(([place]) => place === i)?.[1] ?? '');
  const image = (patient: number, study = 1) => `train/patient${String(patient).padStart(5, '0')}/study${study}/view1_frontal.jpg`;

  test('labels after the policy, the published validation set for testing, validation by patient', async () => {
    const rows = Array.from({ length: 30 }, (_, i) =>
      [1, 2].map((study) => row(image(i, study), 'Frontal', ...blank([5, '-1.0'], [2, '-1.0'], [13, '1.0']))),
    ).flat();
    const dir = at('chexpert', 'CheXpert-v1.0-small');
    write(join(dir, 'train.csv'), chexpertHeader + rows.join('') + row('train/patient00000/study1/view2_lateral.jpg', 'Lateral', ...blank([5, '0.0'])));
    write(join(dir, 'valid.csv'), chexpertHeader + row('valid/patient64541/study1/view1_frontal.jpg', 'Frontal', ...blank([5, '1.0'], [8, '0.0'])));
    for (let i = 0; i < 30; i++) for (const study of [1, 2]) await writeImage(join(dir, image(i, study)), i);
    await writeImage(join(dir, 'valid/patient64541/study1/view1_frontal.jpg'));
    const { studies, counts } = await openDataSet(`chexpert:${at('chexpert')}`, { need: 'labels' });
    expect(counts).toMatchObject({ rows: 62, patients: 31, images: 61 });
    expect(studies.filter(({ split }) => split === 'test').map(({ patient, labels }) => [patient, labels])).toEqual([
      ['patient64541', { Edema: 1, Atelectasis: 0 }],
    ]);
    const validating = studies.filter(({ split }) => split === 'validate');
    expect(validating).toHaveLength(6);
    const patients = new Set(validating.map(({ patient }) => patient));
    expect(studies.filter(({ split, patient }) => split === 'train' && patients.has(patient))).toEqual([]);
    expect(studies[0]).toMatchObject({ labels: { Edema: 1, Cardiomegaly: 0, 'Support Devices': 1 }, publishedLabels: { Edema: -1, Cardiomegaly: -1 } });
    await expect(openDataSet(`chexpert:${at('chexpert')}`)).rejects.toThrow('holds labels but no reports');
    expect((await checkDataSet(`chexpert:${dir}`)).labels!['Edema']).toMatchObject({ test: { positive: 1, negative: 0, unlabelled: 0, uncertain: 0 } });
  });

  test('a cell that is no label is a blank, and is said', async () => {
    const dir = at('chexpert-odd');
    const rows = Array.from({ length: 30 }, (_, i) => row(image(i), 'Frontal', ...blank([5, i === 3 ? 'yes' : '1'], [8, i > 27 ? '2' : '1.00'], [2, 'NaN'])));
    write(join(dir, 'train.csv'), chexpertHeader + rows.join(''));
    const { warnings, labels } = await checkDataSet(`chexpert:${dir}`, { index: false });
    const table = join(dir, 'train.csv');
    expect(warnings.filter((line) => line.includes('cells of'))).toEqual([
      `${table}: cells of Edema that are neither 1, 0, -1 nor blank count as blank: 1 (row 5 holds "yes")`,
      `${table}: cells of Atelectasis that are neither 1, 0, -1 nor blank count as blank: 2 (row 30 holds "2")`,
    ]);
    expect(labels!['Edema']!.train.unlabelled + labels!['Edema']!.validate.unlabelled).toBe(1);
  });

  test.each([
    ['valid.csv', 'test.csv'],
    ['val_labels.csv', 'test_labels.csv'],
  ])('%s is for validation where %s is there, and the same images are trained on', async (validName, testName) => {
    const dir = at(`chexpert-${testName}`);
    const rows = Array.from({ length: 30 }, (_, i) => row(image(i), 'Frontal', ...blank([5, '1.0'])));
    write(join(dir, 'train.csv'), chexpertHeader + rows.join(''));
    write(join(dir, validName), chexpertHeader + row('valid/patient64541/study1/view1_frontal.jpg', 'Frontal', ...blank([5, '1.0'])));
    const before = await checkDataSet(`chexpert:${dir}`, { index: false });
    expect(before.splits).toEqual({ train: 27, validate: 3, test: 1 });
    write(
      join(dir, testName),
      csv(
        ['Path', 'Cardiomegaly', 'Edema'],
        ['CheXpert-v1.0/test/patient64741/study1/view1_frontal.jpg', '0.0', '1.0'],
        ['CheXpert-v1.0/test/patient64741/study1/view2_lateral.jpg', '0.0', '1.0'],
      ),
    );
    const after = await checkDataSet(`chexpert:${dir}`, { index: false });
    expect(after.splits).toEqual({ train: 27, validate: 4, test: 1 });
    expect(after.rows).toBe(33);
    expect(after.labels!['Edema']).toMatchObject({ test: { positive: 1, negative: 0 } });
    expect(after.leaks).toMatchObject({ patients: 0 });
  });

  test('exactly 5,000 rows of a large table are held out, whole patients', async () => {
    const rows: string[] = [];
    for (let patient = 0; rows.length < 12_000; patient++)
      for (let study = 1; study <= 1 + (patient % 4); study++) rows.push(row(image(patient, study), 'Frontal', ...blank([5, '1.0'])));
    write(at('large', 'train.csv'), chexpertHeader + rows.join(''));
    const report = await checkDataSet(`chexpert:${at('large')}`, { index: false });
    expect(report).toMatchObject({ splits: { train: rows.length - 5000, validate: 5000, test: 0 }, leaks: { patients: 0, studies: 0, images: 0 } });
  });

  test('CheXpert Plus gives pairs, with the labels of train.csv where it is there', async () => {
    const plus = (path: string, split: string) => [path, 'Frontal', 'patient1', `Heart size is normal.\nLungs clear.`, 'No acute disease seen.', split];
    const table = csv(
      ['path_to_image', 'frontal_lateral', 'deid_patient_id', 'section_findings', 'section_impression', 'split'],
      plus(image(1), 'train'),
      plus('valid/patient64541/study1/view1_frontal.jpg', 'valid'),
    );
    write(at('plus', 'df_chexpert_plus_240401.csv'), table);
    await writeImage(at('plus', 'PNG', image(1).replace('.jpg', '.png')));
    await writeImage(at('plus', 'PNG', 'valid/patient64541/study1/view1_frontal.png'), 2);
    const { studies, counts } = await openDataSet(`chexpert:${at('plus')}`);
    expect(studies.map(({ split, findings, image: file }) => [split, findings, existsSync(file)])).toEqual([
      ['train', 'Heart size is normal. Lungs clear.', true],
      ['test', 'Heart size is normal. Lungs clear.', true],
    ]);
    expect(counts).toMatchObject({ rows: 2, reports: 2, pairs: 2 });
    write(at('plus', 'train.csv'), chexpertHeader + row(image(1), 'Frontal', ...blank([5, '1.0'])));
    expect((await openDataSet(`chexpert:${at('plus')}`, { need: 'pairs' })).studies[0]).toMatchObject({
      labels: { Edema: 1 },
      impression: 'No acute disease seen.',
    });
  });

  test('5x200: positive for one class alone, held-out images first', async () => {
    const classes = { Cardiomegaly: 2, Edema: 5, Consolidation: 6, Atelectasis: 8, 'Pleural Effusion': 10 };
    const rows = Object.values(classes).flatMap((place, k) => [
      ...Array.from({ length: 230 }, (_, i) => row(image(1000 * k + i), 'Frontal', ...blank([place, '1.0']))),
      row(image(1000 * k + 990), 'Frontal', ...blank([place, '1.0'], [13, '1.0'])),
      row(image(1000 * k + 991), 'Frontal', ...blank([place, '1.0'], [12, '-1.0'])),
      row(image(1000 * k + 992).replace('view1_frontal', 'view2_lateral'), 'Lateral', ...blank([place, '1.0'])),
    ]);
    write(at('many', 'train.csv'), chexpertHeader + rows.join(''));
    const report = await checkDataSet(`chexpert-5x200:${at('many')}`);
    expect(report.splits).toEqual({ train: 0, validate: 0, test: 1000 });
    for (const name of Object.keys(classes)) expect(report.labels![name]!.test).toEqual({ positive: 200, negative: 800, unlabelled: 0 });
    expect(report.warnings[0]).toMatch(/of 1000 images are from the training part/);
    expect(Object.keys(report.labels!)).toHaveLength(5);
  });
});
