import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkDataSet, openDataSet } from '@hybridmed/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { csv, writeImage, write, writeMimic } from './fixtures.ts';
import { dicomFile } from '../../../tools/support/dicom-file.ts';
import { temporaryFolder } from './support.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const at = (...names: string[]) => join(folder, ...names);

describe('MIMIC-CXR-JPG', () => {
  beforeAll(async () => {
    await writeMimic(at('mimic'));
    await writeMimic(at('mimic-gz'), { gz: true });
  });

  test.each(['mimic', 'mimic-gz'])('%s: pairs of frontal images, views by position or else by code, the official split', async (name) => {
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
    const odd = write(join(dir, 'mimic-cxr-2.1.0-test-set-labeled.csv'), 'study_id,Cardiomegaly,Airspace Opacity,Edema\n50000003,-1.0,1.0,maybe\n');
    expect((await openDataSet(`mimic:${dir}`, { need: 'labels' })).warnings).toEqual([
      `${odd}: cells of Edema that are neither 1, 0, -1 nor blank count as blank: 1 (row 2 holds "maybe")`,
    ]);
  });

  test('sections from the authors’ table; placeholders kept, removed, masked', async () => {
    const dir = await writeMimic(at('sectioned'), { texts: false });
    write(
      join(dir, 'mimic_cxr_sectioned.csv.gz'),
      csv(
        ['study', 'impression', 'findings', 'last_paragraph', 'comparison'],
        ['s50000001', 'Compared to ___, no change.', 'The lungs\nare clear of disease.', '', ''],
        ['s50000002', '', '', 'A last paragraph is here.', 'none'],
      ),
    );
    const texts = async (deidPlaceholders: 'keep' | 'remove' | 'mask') =>
      (await openDataSet(`mimic:${dir}`, { deidPlaceholders })).studies.map(({ findings, impression }) => [findings, impression]);
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

test('MIMIC 5x200 says where a class has too few images', async () => {
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
    for (const id of ids) await writeImage(at('rsna', 'stage_2_train_images', `${id}.png`));
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
    await writeImage(at('vqa-rad', 'VQA_RAD Image Folder', 'synpic1.jpg'));
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
      'holds questions about images, no image-report pairs; name a set that holds them, or give this one to hybridmed vqa (packed, with data pack --need questions)',
    );
  });

  test('VQA-Med 2019: alternatives, optional parts, categories', async () => {
    const root = at('vqa-med');
    write(
      join(root, 'ImageClef-2019-VQA-Med-Training/All_QA_Pairs_train.txt'),
      'synpic1|what plane is this?|axial\nsynpic1|is this a ct scan?|yes\nbroken line\n',
    );
    write(join(root, 'ImageClef-2019-VQA-Med-Training/QAPairsByCategory/C2_Plane_train.txt'), 'synpic1|what plane is this?|axial\n');
    write(
      join(root, 'VQAMed2019Test/VQAMed2019_Test_Questions_w_Ref_Answers.txt'),
      'synpic2|Abnormality|what is wrong?|(late) mass#tumour\r\nsynpic2|modality|is it a ct?|No\r\nsynpic2|modality|is it?|YES.\r\nsynpic2|modality|what is it?|not known\r\n',
    );
    await writeImage(join(root, 'ImageClef-2019-VQA-Med-Training/Train_images/synpic1.jpg'));
    await writeImage(join(root, 'VQAMed2019Test/VQAMed2019_Test_Images/synpic2.jpg'));
    const { questions, dropped } = await openDataSet(`vqa-med:${root}`, { need: 'questions' });
    expect(questions!.map(({ split, category, answers, closed }) => [split, category, answers, closed])).toEqual([
      ['train', 'plane', ['axial'], false],
      ['train', undefined, ['yes'], true],
      ['test', 'abnormality', ['(late) mass', 'tumour', 'late mass', 'mass'], false],
      ['test', 'modality', ['No'], true],
      ['test', 'modality', ['YES.'], true],
      ['test', 'modality', ['not known'], false],
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
  for (const name of ['a/0', 'a/1', 'b/0']) await writeImage(at('r2gen', 'images', `${name}.png`));
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
  write(at('dicom', 'readme.txt'), 'no image');
  write(at('dicom', 'broken.dcm'), 'no image');
  const { studies, counts, dropped } = await openDataSet(`dicom:${at('dicom')}`, { need: 'images' });
  expect(studies.map(({ id, patient, report, view }) => [id, patient, report, view])).toEqual([
    ['a/1.dcm', 'anna', '1.2', 'PA'],
    ['b/3.dcm', 'bert', '1.4', 'AP'],
  ]);
  expect(counts).toEqual({ studies: 3, images: 3, patients: 2 });
  expect(dropped).toEqual({ 'the file is not readable DICOM': 1, 'the view is not frontal': 1 });
  expect((await checkDataSet(`dicom:${at('dicom')}`, { views: 'all' })).leaks.patients).toBe(0);
});
