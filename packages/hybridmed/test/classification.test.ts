import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { auc } from '@hybridmed/eval';
import { binaryCalibration } from '@hybridmed/eval/protocols';
import { readSafetensors, writeSafetensors } from '@hybridmed/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';
import { fails, quickDevice, trainedPhantoms } from './support/trained.ts';

const { folder, remove } = temporaryFolder();
let phantoms: string;
let trained: string;
let common: string[];

beforeAll(async () => {
  ({ phantoms, trained } = await trainedPhantoms(folder));
  common = ['--checkpoint', trained, '--cache', join(folder, 'features'), ...quickDevice];
});
afterAll(remove);

const lines = (file: string): string[] => readFileSync(file, 'utf8').trim().split('\n');

test('probe writes nested subsets, scores and results, and reads the test split once', async () => {
  const out = join(folder, 'probe');
  const args = [
    'probe',
    ...common,
    '--data',
    `phantom:${phantoms}`,
    '--out',
    out,
    '--classes',
    'cardiomegaly,effusion',
    '--percent',
    '30,100',
    '--seeds',
    '0,1',
  ];
  const { code, out: printed, log } = await run(...args);
  expect(code, log).toBe(0);
  for (const words of ['30 %', '100 %', 'mean AUC', 'cardiomegaly', 'calibration with 100 % of the labels']) expect(printed).toContain(words);
  const [some, all] = ['30', '100'].map((percent) => lines(join(out, `subsets/${percent}-percent-seed-0.txt`)));
  for (const id of some!) expect(all).toContain(id);
  expect(lines(join(out, 'subsets/30-percent-seed-1.txt'))).not.toEqual(some);
  const results = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'));
  expect(results.runs).toHaveLength(4);
  expect(results.runs[0]).toMatchObject({ percent: 30, seed: 0, trainStudies: some!.length, untrained: [] });
  const { ids, labels, runs } = JSON.parse(readFileSync(join(out, 'test-scores.json'), 'utf8'));
  expect(ids).toHaveLength(results.studies.test);
  expect(results.runs[1].test.classes.effusion.auc.value).toBeCloseTo(auc(labels.effusion, runs[1].scores.effusion), 12);
  const probabilities = runs[1].scores.effusion.map((logit: number) => 1 / (1 + Math.exp(-logit)));
  const calibration = binaryCalibration(probabilities, labels.effusion);
  expect(results.runs[1].test.classes.effusion.calibration.ece.value).toBeCloseTo(calibration.ece.value, 12);
  expect(results.runs[1].test.classes.effusion.calibration.nll.value).toBeCloseTo(calibration.nll!.value, 12);
  await fails(args, 'results.json', 'has been read', '--out');
});

test('a folder that cannot be made is found before anything is computed', async () => {
  const out = join(trained, 'run.json', 'probe');
  await fails(['probe', ...common, '--data', `phantom:${phantoms}`, '--out', out], out, 'run.json is a file; name a folder');
});

test('probe reads published weights in place of the encoder of the checkpoint; others than it began with are refused', { timeout: 240_000 }, async () => {
  const saved = join(folder, 'saved');
  const { code, log } = await run('save', trained, '--part', 'vision', '--out', saved);
  expect(code, log).toBe(0);
  const args = (name: string, ...more: string[]) => {
    const own = ['--data', `phantom:${phantoms}`, '--classes', 'effusion', '--percent', '100', '--seeds', '0', '--out', join(folder, name)];
    return ['probe', ...common, ...own, ...more];
  };
  const scores = async (name: string, ...more: string[]) => {
    const done = await run(...args(name, ...more));
    expect(done.code, done.log).toBe(0);
    const read = (file: string) => JSON.parse(readFileSync(join(folder, name, file), 'utf8'));
    return { scores: read('test-scores.json').runs[0].scores.effusion as number[], checkpoint: read('results.json').checkpoint as string };
  };
  const [own, same] = [await scores('own'), await scores('same', '--vision', `hf:${saved}`)];
  expect(same.checkpoint).toBe(`${own.checkpoint} with the vision encoder of ${saved}`);
  same.scores.forEach((score, i) => expect(score).toBeCloseTo(own.scores[i]!, 4));
  // Other values of the same shapes: nothing of the checkpoint's encoder is left, nor of its features that are kept.
  const { arrays } = await readSafetensors(join(saved, 'model.safetensors'));
  const scaled = Object.entries(arrays).map(([name, { data, shape }]) => [name, { data: Float32Array.from(data, (x) => x * 0.5), shape }] as const);
  cpSync(saved, join(folder, 'scaled'), { recursive: true });
  await writeSafetensors(join(folder, 'scaled/model.safetensors'), Object.fromEntries(scaled));
  const other = await scores('other', '--vision', `hf:${join(folder, 'scaled')}`);
  expect(Math.max(...other.scores.map((score, i) => Math.abs(score - own.scores[i]!)))).toBeGreaterThan(1e-3);
  const config = JSON.parse(readFileSync(join(saved, 'config.json'), 'utf8'));
  const narrow = Object.fromEntries(scaled.filter(([name]) => !name.includes('.11.') && !name.includes('.1.')));
  cpSync(saved, join(folder, 'fewer'), { recursive: true });
  writeFileSync(join(folder, 'fewer/config.json'), JSON.stringify({ ...config, model_args: { ...config.model_args, depth: 1 } }));
  await writeSafetensors(join(folder, 'fewer/model.safetensors'), narrow);
  await fails(args('refused', '--vision', `hf:${join(folder, 'fewer')}`), 'holds another vision encoder than', 'that the run began with');
});

test('where the validation studies are of one kind, what was chosen has no AUC', async () => {
  const out = join(folder, 'one-kind');
  const [header, ...rows] = lines(join(phantoms, 'phantoms.csv'));
  const [split, effusion] = ['split', 'effusion'].map((name) => header!.split(',').indexOf(name));
  const table = join(phantoms, 'one-kind.csv');
  // The texts hold commas inside quotes: columns are counted from the end, and the split is the one behind the texts.
  const behind = (line: string) => line.split('",').at(-1)!;
  const changed = rows.map((line) =>
    line.includes(',"validate",')
      ? line.replace(
          behind(line),
          behind(line)
            .split(',')
            .map((cell, i) => (i === effusion! - split! - 1 ? '0' : cell))
            .join(','),
        )
      : line,
  );
  writeFileSync(table, `${[header, ...changed].join('\n')}\n`);
  const {
    code,
    out: printed,
    log,
  } = await run('probe', ...common, '--data', `csv:${table}`, '--out', out, '--classes', 'effusion', '--percent', '100', '--seeds', '0', '--json');
  expect(code, log).toBe(0);
  expect(JSON.parse(printed).runs[0].chosen.validationAuc).toBe(null);
});

test('finetune fits encoder and head, from a checkpoint and from scratch', async () => {
  const fit = async (name: string, ...more: string[]) => {
    const out = join(folder, name);
    const { code, log } = await run(
      'finetune',
      ...common,
      '--data',
      `phantom:${phantoms}`,
      '--out',
      out,
      '--percent',
      '100',
      '--seeds',
      '0',
      '--patience',
      '1',
      ...more,
    );
    expect(code, log).toBe(0);
    expect(log).toContain('validation AUC');
    return JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'));
  };
  const tuned = await fit('tuned', '--learning-rate', '1e-3,1e-4', '--class-weights', 'balanced', '--layer-decay', '0.8');
  expect(tuned).toMatchObject({ task: 'finetune', fromScratch: false, settings: { learningRates: [1e-3, 1e-4], layerDecay: 0.8 } });
  expect([1e-3, 1e-4]).toContain(tuned.runs[0].chosen.learningRate);
  expect(existsSync(join(folder, 'tuned/models/100-percent-seed-0.safetensors'))).toBe(true);
  const scratch = await fit('scratch', '--from-scratch');
  expect(scratch).toMatchObject({ fromScratch: true, testIds: tuned.testIds });
  expect(scratch.runs[0].trainIds).toBe(tuned.runs[0].trainIds);
});

test('wrong classes, labels, shares and checkpoints fail with one line, and leave no results', async () => {
  const out = join(folder, 'none');
  const probe = (...more: string[]) => ['probe', ...common, '--out', out, ...more];
  const data = ['--data', `phantom:${phantoms}`];
  await fails(probe(...data, '--classes', 'goitre'), '--classes', '"goitre" is no label', 'effusion');
  const table = readFileSync(join(phantoms, 'phantoms.csv'), 'utf8').trim().split('\n');
  const write = (name: string, rows: string[]) => {
    writeFileSync(join(phantoms, name), `${rows.join('\n')}\n`);
    return ['--data', `csv:${join(phantoms, name)}`];
  };
  // The last column is "line".
  const noLine = write('no-line.csv', [table[0]!, ...table.slice(1).map((row) => row.replace(/,[01]$/, ',0'))]);
  await fails(probe(...noLine, '--classes', 'line'), '"line" has 0 positive', 'training split', '--classes');
  const noTest = write(
    'no-test.csv',
    table.filter((row) => !row.includes('"test"')),
  );
  await fails(probe(...noTest, '--classes', 'effusion'), 'no labelled studies in the split "test"');
  await fails(probe(...data, '--percent', '0.1', '--classes', 'effusion'), '0.1 % of the training labels are 1 studies', '--percent');
  await fails(['probe', '--checkpoint', join(trained, 'checkpoints/stage1-best'), ...quickDevice, ...data, '--out', out], 'is of stage 1');
  await fails(['finetune', '--checkpoint', join(trained, 'checkpoints/stage1-best'), ...quickDevice, ...data, '--out', out], 'is of stage 1', '--from-scratch');
  expect(existsSync(join(out, 'results.json'))).toBe(false);
  const usage = await run(...probe(...data, '--percent', '200'));
  expect(usage.code).toBe(2);
  expect(usage.log).toContain('a number above 0 and up to 100');
});
