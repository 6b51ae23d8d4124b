import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CalibrationReport } from '@hybridmed/eval/protocols';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';
import { fails, quickDevice, trainedPhantoms } from './support/trained.ts';

const { folder, remove } = temporaryFolder();
const set = join(folder, 'vqa');
let trained: string;

/** Questions about phantoms in the layout of VQA-RAD: is there an effusion; on which film was it asked. */
function questions(count: number): Record<string, unknown>[] {
  const rows = readFileSync(join(folder, 'phantoms/phantoms.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1, count + 1);
  return rows.map((row, i) => ({
    qid: i,
    phrase_type: i % 4 === 0 ? 'test_freeform' : 'freeform',
    image_case_url: `https://example.org/${i}`,
    image_name: `p${String(i).padStart(6, '0')}.png`,
    question: i % 3 === 0 ? 'What is the side of the heart?' : 'Is there a pleural effusion?',
    question_frame: 'NULL',
    question_type: i % 3 === 0 ? 'POS' : 'PRES',
    answer: i % 3 === 0 ? 'left side' : row.includes('effusion') ? 'Yes' : 'No',
    answer_type: i % 3 === 0 ? 'OPEN' : 'CLOSED',
  }));
}

beforeAll(async () => {
  ({ trained } = await trainedPhantoms(folder));
  mkdirSync(set);
  cpSync(join(folder, 'phantoms/images'), join(set, 'images'), { recursive: true });
  writeFileSync(join(set, 'VQA_RAD Dataset Public.json'), JSON.stringify(questions(60)));
});
afterAll(remove);

const quick = ['--epochs', '2', '--batch', '8', ...quickDevice];

describe.each(['classify', 'generate'] as const)('answers by %s', (mode) => {
  test('are fitted without test questions, and judged beside three baselines', async () => {
    const out = join(folder, mode);
    const fitted = await run('vqa', 'train', '--checkpoint', trained, '--data', `vqa-rad:${set}`, '--out', out, '--mode', mode, ...quick);
    expect(fitted.code, fitted.log).toBe(0);
    expect(fitted.out).toContain('validation accuracy');
    const settings = JSON.parse(readFileSync(join(out, 'vqa.json'), 'utf8'));
    expect(settings.counts.train + settings.counts.validate).toBe(45);
    expect(settings.answers.toSorted()).toEqual(mode === 'classify' ? ['left side', 'no', 'yes'] : []);
    const { code, out: printed, log } = await run('vqa', 'evaluate', '--model', out, ...quickDevice);
    expect(code, log).toBe(0);
    for (const words of ['closed', 'open', 'all', 'POS', 'the question alone', 'most frequent answer by type']) expect(printed).toContain(words);
    const report = JSON.parse((await run('vqa', 'evaluate', '--model', out, ...quickDevice, '--json')).out);
    expect(report.questions).toBe(15);
    expect(report.systems.model.closed.questions + report.systems.model.open.questions).toBe(15);
    // Every open question has one answer, which its type's commonest answer is.
    expect(report.systems.commonestByType.open.strict.value).toBe(1);
    expect(report.unseenAnswers).toBe(0);
    // A head gives probabilities, a decoder that writes none.
    if (mode === 'generate') expect(report).not.toHaveProperty('calibration');
    else
      for (const { cases, ece, brier, nll } of Object.values<CalibrationReport>(report.calibration)) {
        expect(cases).toBe(15);
        expect([ece.value >= 0, ece.value <= 1, brier.value <= 2, nll!.value > 0]).toEqual([true, true, true, true]);
      }
    expect(printed.includes('adaptive ECE')).toBe(mode === 'classify');
    expect(report.differences.questionOnly.value).toBeCloseTo(report.systems.model.all.strict.value - report.systems.questionOnly.all.strict.value, 12);
  });
});

test('an image-disjoint split has no image on both sides', async () => {
  const out = join(folder, 'disjoint');
  const { code, log } = await run(
    'vqa',
    'train',
    '--checkpoint',
    trained,
    '--data',
    `vqa-rad:${set}`,
    '--out',
    out,
    '--question-split',
    'image-disjoint',
    '--from-scratch',
    ...quick,
  );
  expect(code, log).toBe(0);
  const report = JSON.parse((await run('vqa', 'evaluate', '--model', out, ...quickDevice, '--json')).out);
  expect(report).toMatchObject({ questionSplit: 'image-disjoint', fromScratch: true });
  const settings = JSON.parse(readFileSync(join(out, 'vqa.json'), 'utf8'));
  expect(settings.counts.train + settings.counts.validate + report.questions).toBe(60);
});

test('wrong questions, folders and checkpoints fail with one line, and leave nothing', async () => {
  const out = join(folder, 'none');
  const train = (data: string, ...more: string[]) => ['vqa', 'train', '--checkpoint', trained, '--data', data, '--out', out, ...quick, ...more];
  const empty = join(folder, 'empty.json');
  writeFileSync(empty, JSON.stringify(questions(12).map((row, i) => (i === 5 ? { ...row, answer: ' . ' } : row))));
  cpSync(join(set, 'images'), join(folder, 'images'), { recursive: true });
  await fails(train(`vqa-rad:${empty}`), 'question "5"', 'its answer has no words');
  await fails(train(`phantom:${join(folder, 'phantoms')}`), 'questions');
  await fails(train('vqa-rad:/nowhere'), '/nowhere', 'does not exist');
  await fails(
    ['vqa', 'train', '--checkpoint', join(trained, 'checkpoints/stage1-best'), '--data', `vqa-rad:${set}`, '--out', out, ...quick],
    'is of stage 1',
    '--from-scratch',
  );
  await fails(train(`vqa-rad:${set}`, '--out', trained), trained, 'exists');
  await fails(train(`vqa-rad:${set}`, '--out', join(trained, 'run.json', 'vqa')), 'run.json is a file; name a folder');
  await fails(['vqa', 'evaluate', '--model', '/nowhere', ...quickDevice], '/nowhere', 'vqa train');
  await fails(['vqa', 'evaluate', '--model', trained, ...quickDevice], 'vqa.json', 'does not exist');
  expect(existsSync(out)).toBe(false);
});
