import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkDataSet, openDataSet } from '@hybridmed/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chexpertHeader, csv, film, write, writeMimic } from './fixtures.ts';
import { dicomFile } from './support-dicom.ts';
import { temporaryFolder } from './support.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const at = (...names: string[]) => join(folder, ...names);

describe('MIMIC-CXR-JPG', () => {
  beforeAll(async () => {
    await writeMimic(at('mimic'));
    await writeMimic(at('mimic-gz'), { gz: true });
  });

  test.each(['mimic', 'mimic-gz'])('%s: pairs of frontal films, views by position or else by code, the official split', async (name) => {
    const { studies, counts, dropped, splitOrigin } = await openDataSet(`mimic:${at(name)}`);
    expect(studies.map(({ id, report, patient, view, split }) => [id, report, patient, view, split])).toEqual([
      ['aa-1', '50000001', '10000001', 'PA', 'train'],
      ['bb-1', '50000002', '10000001', 'antero-posterior', 'train'],
    ]);
    expect(studies[0]).toMatchObject({ findings: 'Linear opacity at the left base. No effusion.', impression: 'Left basilar atelectasis is likely.' });
    expect(studies.every(({ image }) => existsSync(image))).toBe(true);
    expect(counts).toEqual({ rows: 4, reports: 3, pairs: 4, studies: 3, patients: 2, images: 4 });
    expect(dropped).toEqual({ 'the view is not frontal': 1, 'the view is unknown': 1 });
    expect(splitOrigin).toBe('published');
  });

  test('labels: the protocol’s policy, one policy, the other labeller, blanks as absent', async () => {
    const first = async (options: Parameters<typeof openDataSet>[1]) => (await openDataSet(`mimic:${at('mimic')}`, { need: 'labels', ...options })).studies[0]!;
    expect(await first({})).toMatchObject({
      labels: { Atelectasis: 1, Cardiomegaly: 0, Consolidation: 0 },
      publishedLabels: { Atelectasis: 1, Cardiomegaly: 0, Consolidation: -1 },
    });
    expect((await first({ uncertain: 'ones' })).labels).toEqual({ Atelectasis: 1, Cardiomegaly: 0, Consolidation: 1 });
    expect((await first({ uncertain: 'zeros' })).labels).toEqual({ Atelectasis: 1, Cardiomegaly: 0, Consolidation: 0 });
    expect((await first({ uncertain: 'ignore' })).labels).toEqual({ Atelectasis: 1, Cardiomegaly: 0 });
    expect((await first({ uncertain: { Consolidation: 'ones' } })).labels).toEqual({ Atelectasis: 1, Cardiomegaly: 0, Consolidation: 1 });
    expect((await first({ labelTable: 'negbio' })).labels).toEqual({ Atelectasis: 0 });
    const filled = (await first({ unmentioned: 'zeros', uncertain: 'ignore' })).labels!;
    expect(Object.keys(filled)).toHaveLength(13);
    expect(filled).toMatchObject({ Atelectasis: 1, Edema: 0, 'Support Devices': 0 });
  });

  test('the radiologist’s labels of 2.1.0 stand for the labeller’s', async () => {
    const dir = await writeMimic(at('mimic-2.1.0'));
    write(join(dir, 'mimic-cxr-2.1.0-test-set-labeled.csv'), 'study_id,Cardiomegaly,Airspace Opacity,Edema\n50000003,-1.0,1.0,0.0\n');
    const { studies } = await openDataSet(`mimic:${dir}`, { need: 'labels', views: 'all' });
    expect(studies.find(({ id }) => id === 'cc-1')!.publishedLabels).toEqual({ Cardiomegaly: -1, 'Lung Opacity': 1, Edema: 0 });
  });

  test('sections from the authors’ table; residue kept, removed, masked', async () => {
    const dir = await writeMimic(at('sectioned'), { texts: false });
    write(
      join(dir, 'mimic_cxr_sectioned.csv.gz'),
      csv(
        ['study', 'impression', 'findings', 'last_paragraph', 'comparison'],
        ['s50000001', 'Compared to ___, no change.', 'The lungs\nare clear of disease.', '', ''],
        ['s50000002', '', '', 'A last paragraph is here.', 'none'],
      ),
    );
    const texts = async (residue: 'keep' | 'remove' | 'mask') =>
      (await openDataSet(`mimic:${dir}`, { residue })).studies.map(({ findings, impression }) => [findings, impression]);
    expect(await texts('keep')).toEqual([['The lungs are clear of disease.', 'Compared to ___, no change.']]);
    expect(await texts('remove')).toEqual([['The lungs are clear of disease.', 'Compared to, no change.']]);
    expect(await texts('mask')).toEqual([['The lungs are clear of disease.', 'Compared to [MASK], no change.']]);
    const all = await openDataSet(`mimic:${dir}`, { need: 'images', views: 'all' });
    expect(all.studies.find(({ id }) => id === 'bb-1')).toMatchObject({ findings: '', impression: 'A last paragraph is here.' });
  });

  test('without reports, without images, without a split: said in one line, counted, drawn', async () => {
    const dir = await writeMimic(at('bare'), { texts: false, images: false });
    await expect(openDataSet(`mimic:${dir}`)).rejects.toThrow('holds no reports; unpack mimic-cxr-reports.zip');
    const report = await checkDataSet(`mimic:${dir}`);
    expect(report).toMatchObject({ need: 'labels', kept: 0, rows: 4, patients: 2, splits: { train: 2, validate: 0, test: 0 } });
    expect(report.dropped).toEqual({ 'the image file is missing': 4 });
    rmSync(join(dir, 'mimic-cxr-2.0.0-split.csv'));
    expect(await checkDataSet(`mimic:${dir}`)).toMatchObject({
      splitOrigin: 'drawn',
      warnings: [expect.stringContaining('drawn by patient'), expect.any(String)],
    });
    rmSync(join(dir, 'mimic-cxr-2.0.0-metadata.csv'));
    await expect(openDataSet(`mimic:${dir}`)).rejects.toThrow('mimic-cxr-*-metadata.csv');
  });
});

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
    for (let i = 0; i < 30; i++) for (const study of [1, 2]) await film(join(dir, image(i, study)), i);
    await film(join(dir, 'valid/patient64541/study1/view1_frontal.jpg'));
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

  test.each([
    ['valid.csv', 'test.csv'],
    ['val_labels.csv', 'test_labels.csv'],
  ])('%s is for validation where %s is there, and the same films are trained on', async (validName, testName) => {
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
    await film(at('plus', 'PNG', image(1).replace('.jpg', '.png')));
    await film(at('plus', 'PNG', 'valid/patient64541/study1/view1_frontal.png'), 2);
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

  test('5x200: positive for one class alone, held-out films first', async () => {
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
    expect(report.warnings[0]).toMatch(/of 1000 films are from the training part/);
    expect(Object.keys(report.labels!)).toHaveLength(5);
  });
});

test('MIMIC 5x200 says where a class has too few films', async () => {
  const dir = await writeMimic(at('mimic-few'));
  write(join(dir, 'mimic-cxr-2.0.0-chexpert.csv'), 'study_id,Edema,Atelectasis,No Finding\n50000001,1.0,0.0,\n50000002,1.0,1.0,\n50000003,,,1.0\n');
  const { studies, warnings } = await openDataSet(`mimic-5x200:${dir}`, { need: 'labels' });
  expect(studies.map(({ id, split, labels }) => [id, split, labels])).toEqual([
    ['aa-1', 'test', { Atelectasis: 0, Cardiomegaly: 0, Consolidation: 0, Edema: 1, 'Pleural Effusion': 0 }],
  ]);
  expect(warnings.filter((line) => line.includes('fewer than 200'))).toHaveLength(5);
});

describe('RSNA pneumonia', () => {
  test('a study a patient, boxes in pixels, split by rank of the id', async () => {
    const ids = Array.from({ length: 20 }, (_, i) => `patient-${i}`);
    const rows = ids.map((id, i) => (i % 2 ? `${id},,,,,0\n` : `${id},264.0,152.0,213.0,379.0,1\n${id},562.0,152.0,256.0,453.0,1\n`));
    write(at('rsna', 'stage_2_train_labels.csv'), `patientId,x,y,width,height,Target\n${rows.join('')}bad,1,2,x,4,1\n`);
    write(at('rsna', 'stage_2_detailed_class_info.csv'), csv(['patientId', 'class'], ['patient-0', 'Lung Opacity'], ['patient-1', 'Normal']));
    for (const id of ids) await film(at('rsna', 'stage_2_train_images', `${id}.png`));
    const { studies, counts, dropped } = await openDataSet(`rsna:${at('rsna')}`, { need: 'labels' });
    expect(counts).toEqual({ rows: 31, patients: 21, studies: 21, images: 20 });
    expect(studies.find(({ id }) => id === 'patient-0')).toMatchObject({
      labels: { Pneumonia: 1 },
      tags: 'Lung Opacity',
      boxes: [
        { x: 264, y: 152, width: 213, height: 379 },
        { x: 562, y: 152, width: 256, height: 453 },
      ],
    });
    expect(studies.find(({ id }) => id === 'patient-1')).toMatchObject({ labels: { Pneumonia: 0 }, boxes: [] });
    expect(dropped).toEqual({ 'the box is not four numbers': 1, 'the image file is missing': 1 });
    await expect(openDataSet(`rsna:${at('rsna')}`)).rejects.toThrow('holds labelled images, no image-report pairs');
  });
});

describe('visual questions', () => {
  test('VQA-RAD: frames of test rows train, as published, and are warned of; answers that are numbers', async () => {
    const row = (qid: number | string, phrase: string, frame: string, answer: unknown, type = 'CLOSED ') => ({
      qid,
      phrase_type: phrase,
      image_name: 'synpic1.jpg',
      image_case_url: 'case-1',
      question: `Is question ${qid} here?`,
      question_frame: frame,
      question_type: 'PRES',
      answer,
      answer_type: type,
    });
    const rows = [
      row('0', 'freeform', 'NULL', 'Yes'),
      row(1, 'para', 'Is/Are it?', 4, 'OPEN'),
      row(2, 'test_freeform', 'Is/Are that?', 'No'),
      { qid: 3, question: 'No image?' },
    ];
    write(at('vqa-rad', 'VQA_RAD Dataset Public.json'), JSON.stringify(rows, undefined, 3));
    await film(at('vqa-rad', 'VQA_RAD Image Folder', 'synpic1.jpg'));
    const { questions, counts, warnings, dropped } = await openDataSet(`vqa-rad:${at('vqa-rad')}`, { need: 'questions' });
    expect(questions!.map(({ id, split, answers, closed }) => [id, split, answers, closed])).toEqual([
      ['0', 'train', ['Yes'], true],
      ['1', 'train', ['4'], false],
      ['1-frame', 'train', ['4'], false],
      ['2', 'test', ['No'], true],
      ['2-frame', 'train', ['No'], true],
    ]);
    expect(counts).toEqual({ rows: 4, questions: 5, images: 1 });
    expect(warnings).toEqual([expect.stringContaining('1 training questions are the frames of test rows')]);
    expect(Object.values(dropped)).toEqual([1]);
    const report = await checkDataSet(`vqa-rad:${at('vqa-rad')}`);
    expect(report).toMatchObject({ leaks: { images: 0 }, shared: { images: 1, studies: 1 } });
    await expect(openDataSet(`vqa-rad:${at('vqa-rad')}`)).rejects.toThrow(
      'holds questions about images, no image-report pairs; name a set that holds them, or give this one to hybridmed vqa as it is (questions are not packed)',
    );
  });

  test('VQA-Med 2019: alternatives, optional parts, categories', async () => {
    const root = at('vqa-med');
    write(
      join(root, 'ImageClef-2019-VQA-Med-Training/All_QA_Pairs_train.txt'),
      'synpic1|what plane is this?|axial\nsynpic1|is this a ct scan?|yes\nbroken line\n',
    );
    write(join(root, 'ImageClef-2019-VQA-Med-Training/QAPairsByCategory/C2_Plane_train.txt'), 'synpic1|what plane is this?|axial\n');
    write(join(root, 'VQAMed2019Test/VQAMed2019_Test_Questions_w_Ref_Answers.txt'), 'synpic2|abnormality|what is wrong?|(late) mass#tumour\r\n');
    await film(join(root, 'ImageClef-2019-VQA-Med-Training/Train_images/synpic1.jpg'));
    await film(join(root, 'VQAMed2019Test/VQAMed2019_Test_Images/synpic2.jpg'));
    const { questions, dropped } = await openDataSet(`vqa-med:${root}`, { need: 'questions' });
    expect(questions!.map(({ split, category, answers, closed }) => [split, category, answers, closed])).toEqual([
      ['train', 'plane', ['axial'], false],
      ['train', undefined, ['yes'], true],
      ['test', 'abnormality', ['(late) mass', 'tumour', 'late mass', 'mass'], false],
    ]);
    expect(Object.values(dropped)).toEqual([1]);
  });
});

test('R2Gen: reports of findings alone are images; with impressions they are pairs', async () => {
  const entry = (id: string, split: string, extra: object) => ({ id, split, image_path: [`${id}/0.png`, `${id}/1.png`], ...extra });
  const part = {
    train: [entry('a', 'train', { report: 'The lungs are clear.' })],
    val: [entry('b', 'val', { report: 'Large "heart" \\ here.' })],
    test: [entry('../../c', 'test', { report: 'x' })],
  };
  write(at('r2gen', 'annotation.json'), JSON.stringify(part));
  for (const name of ['a/0', 'a/1', 'b/0']) await film(at('r2gen', 'images', `${name}.png`));
  await expect(openDataSet(`r2gen:${at('r2gen')}`)).rejects.toThrow('holds reports without impressions');
  const { studies, dropped, counts } = await openDataSet(`r2gen:${at('r2gen')}`, { need: 'images' });
  expect(studies.map(({ id, report, split, findings }) => [id, report, split, findings])).toEqual([
    ['a/0.png', 'a', 'train', 'The lungs are clear.'],
    ['a/1.png', 'a', 'train', 'The lungs are clear.'],
    ['b/0.png', 'b', 'validate', 'Large "heart" \\ here.'],
  ]);
  expect(counts).toMatchObject({ rows: 3, reports: 2, images: 3 });
  expect(dropped).toEqual({ 'the image path leaves the folder': 2, 'the image file is missing': 1 });
  write(at('r2gen', 'both.json'), JSON.stringify({ train: [entry('a', 'train', { findings: 'The lungs are clear.', impression: 'No acute disease seen.' })] }));
  expect((await openDataSet(`r2gen:${at('r2gen', 'both.json')}`)).studies).toHaveLength(2);
});

test('a folder of DICOM files: patient, study and view from the header', async () => {
  const pixels = Uint8Array.from({ length: 64 * 64 }, (_, i) => i % 251);
  const file = (name: string, patient: string, study: string, view: string) => {
    mkdirSync(dirname(at('dicom', name)), { recursive: true });
    writeFileSync(at('dicom', name), dicomFile(64, 64, 8, pixels, [[0x00100020, 'LO', patient], [0x0020000d, 'UI', study], [0x00185101, 'CS', view]])); // prettier-ignore
  };
  file('a/1.dcm', 'anna', '1.2', 'PA');
  file('a/2', 'anna', '1.3', 'LL');
  file('b/3.dcm', 'bert', '1.4', 'AP');
  write(at('dicom', 'readme.txt'), 'no film');
  write(at('dicom', 'broken.dcm'), 'no film');
  const { studies, counts, dropped } = await openDataSet(`dicom:${at('dicom')}`, { need: 'images' });
  expect(studies.map(({ id, patient, report, view }) => [id, patient, report, view])).toEqual([
    ['a/1.dcm', 'anna', '1.2', 'PA'],
    ['b/3.dcm', 'bert', '1.4', 'AP'],
  ]);
  expect(counts).toEqual({ studies: 3, images: 3, patients: 2 });
  expect(dropped).toEqual({ 'the file is not readable DICOM': 1, 'the view is not frontal': 1 });
  expect((await checkDataSet(`dicom:${at('dicom')}`, { views: 'all' })).leaks.patients).toBe(0);
});
