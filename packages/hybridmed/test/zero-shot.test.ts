import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClassMetrics } from '@hybridmed/eval/protocols';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';
import { fails, quickDevice, trainedPhantoms } from './support/trained.ts';

const { folder, remove } = temporaryFolder();
let phantoms: string;
let common: string[];
let stage1: string;

beforeAll(async () => {
  const { phantoms: set, trained } = await trainedPhantoms(folder);
  phantoms = set;
  stage1 = join(trained, 'checkpoints/stage1-best');
  common = ['zeroshot', '--checkpoint', trained, '--cache', join(folder, 'features'), ...quickDevice];
});
afterAll(remove);

const file = (name: string, content: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

/** The phantoms' table with cells of a column changed, beside their images. */
function changedTable(name: string, change: (row: Record<string, string>) => Record<string, string>): string {
  const [head, ...lines] = readFileSync(join(phantoms, 'phantoms.csv'), 'utf8').trim().split('\n') as [string, ...string[]];
  const columns = head.split(',');
  const cell = /"(?:[^"]|"")*"|[^,]*/y;
  const rows = lines.map((line) => {
    const cells: string[] = [];
    for (let at = 0; at <= line.length; at = cell.lastIndex + 1) {
      cell.lastIndex = at;
      cells.push(cell.exec(line)![0]);
    }
    const row = change(Object.fromEntries(columns.map((column, i) => [column, cells[i]!])));
    return Object.values(row).join(',');
  });
  const keptColumns = Object.keys(change(Object.fromEntries(columns.map((column) => [column, '0']))));
  const path = join(phantoms, name);
  writeFileSync(path, `${[keptColumns.join(','), ...rows].join('\n')}\n`);
  return path;
}

describe('zeroshot', () => {
  test('reports every class with prompts, as a table and as one JSON document', async () => {
    const { code, out, log } = await run(...common, '--data', `phantom:${phantoms}`);
    expect(code, log).toBe(0);
    for (const word of ['AUC', 'MCC', 'adaptive ECE', 'pneumothorax', 'cardiomegaly', 'mean of', 'validation studies']) expect(out).toContain(word);
    const report = JSON.parse((await run(...common, '--data', `phantom:${phantoms}`, '--json')).out);
    expect(Object.keys(report.classes)).toHaveLength(8);
    for (const { calibration, studies, positives } of Object.values<ClassMetrics>(report.classes)) {
      expect(calibration!.cases).toBe(studies);
      // The mean of what happened over all bins is the rate of positives.
      const happened = calibration!.bins.reduce((sum, { count, accuracy }) => sum + count * (accuracy ?? 0), 0);
      expect(happened).toBeCloseTo(positives, 9);
    }
    expect(report.prompts.effusion.positive.length).toBeGreaterThan(3);
    expect(report.exclusive.chance).toBeCloseTo(1 / report.exclusive.classes.length, 12);
  });

  test('thresholds do not move with labels of the test split', async () => {
    const prompts = file('one.json', { cardiomegaly: { positive: ['Severe cardiomegaly.'], negative: ['Normal chest radiograph.'] } });
    const thresholds = async (data: string) => JSON.parse((await run(...common, '--data', data, '--prompts', prompts, '--json')).out).classes.cardiomegaly;
    const flipped = changedTable('flipped.csv', (row) => (row.split === '"test"' ? { ...row, cardiomegaly: String(1 - Number(row.cardiomegaly)) } : row));
    const [before, after] = [await thresholds(`phantom:${phantoms}`), await thresholds(`csv:${flipped}`)];
    expect(after.threshold).toBe(before.threshold);
    expect(after.auc.value).toBeCloseTo(1 - before.auc.value, 12);
  });

  test('a class with one label is undefined, never 0.5 or NaN', async () => {
    const none = changedTable('none.csv', (row) => (row.split === '"test"' ? { ...row, edema: '0' } : row));
    const { out } = await run(...common, '--data', `csv:${none}`);
    expect(out).toMatch(/^edema +undefined/m);
    expect(out).toContain('edema: none of the');
    expect(out).not.toContain('NaN');
    const json = (await run(...common, '--data', `csv:${none}`, '--json')).out;
    expect(JSON.parse(json).classes.edema).toMatchObject({ auc: null, positives: 0 });
    expect(JSON.parse(json).over).not.toContain('edema');
  });

  test('softmax scores rank as differences do', async () => {
    const auc = async (score: string) => JSON.parse((await run(...common, '--data', `phantom:${phantoms}`, '--score', score, '--json')).out).meanAuc.value;
    expect(await auc('softmax')).toBeCloseTo(await auc('difference'), 9);
  });
});

test('wrong prompts, labels and checkpoints fail with one line', async () => {
  const data = ['--data', `phantom:${phantoms}`];
  const set = { positive: ['a'], negative: ['b'] };
  await fails([...common, ...data, '--prompts', file('unknown.json', { goitre: set })], 'unknown.json', '"goitre" is no label of phantom:', 'pneumothorax');
  await fails([...common, ...data, '--prompts', file('empty.json', {})], 'empty.json', 'holds no prompts');
  await fails([...common, ...data, '--prompts', file('half.json', { edema: { positive: ['a'] } })], 'half.json', '"edema"', '"negative"');
  await fails([...common, ...data, '--prompts', file('blank.json', { edema: { ...set, positive: [' '] } })], 'blank.json', '"edema"', '"positive"');
  await fails([...common, ...data, '--prompts', file('more.json', { edema: { ...set, maybe: [] } })], 'more.json', '"edema"', '"maybe"');
  await fails([...common, ...data, '--prompts', file('broken.json', '{')], 'broken.json', 'not valid JSON');
  await fails([...common, ...data, '--prompts', '/nowhere.json'], '/nowhere.json', 'does not exist');
  await fails([...common, ...data, '--prompts', 'chexpert'], 'prompt set "chexpert" names none of its labels', '--prompts');
  const bare = changedTable('bare.csv', ({ image, findings, impression, split }) => ({ image, findings, impression, split }) as Record<string, string>);
  await fails([...common, '--data', `csv:${bare}`], 'bare.csv', 'label');
  await fails(['zeroshot', '--checkpoint', stage1, ...data, ...quickDevice], 'is of stage 1', 'stage-2 checkpoint');
});
