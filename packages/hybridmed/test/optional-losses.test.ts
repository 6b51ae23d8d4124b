// Losses that are off by default, from the command line: what a run with one has that another has not.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lossesWithParameters, lossRows } from '@hybridmed/model/objective';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';
import { fails, pretrainOn, quickDevice, quickTraining, trainedPhantoms } from './support/trained.ts';

const { folder, remove } = temporaryFolder();
let phantoms: string;
let plain: string;
beforeAll(async () => {
  ({ phantoms, trained: plain } = await trainedPhantoms(folder));
}, 120_000);
afterAll(remove);

const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'));
const best = 'checkpoints/stage2-best';
const lines = (out: string) =>
  readFileSync(join(out, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

const optional = lossRows.filter(({ defaultWeight, stages }) => defaultWeight === 0 && stages.includes(2)).map(({ key }) => key);

test('a run without them has none of their parameters, values and settings but weight 0', async () => {
  expect(json(plain, best, 'config.json').model.losses).toBeUndefined();
  for (const key of optional) {
    expect(json(plain, 'run.json')[key]).toBe(0);
    expect(lines(plain).some((line) => key in (line.losses ?? line.validation))).toBe(false);
  }
});

test('a run that knew none of them is the same run: a missing weight is 0', async () => {
  const file = join(plain, 'run.json');
  const settings = json(file);
  for (const key of optional) delete settings[key];
  writeFileSync(file, JSON.stringify(settings));
  const { code, log } = await run('pretrain', '--data', `phantom:${phantoms}`, ...quickTraining, '--resume', '--out', plain);
  expect(code, log).toBe(0);
  await fails(['pretrain', '--data', `phantom:${phantoms}`, ...quickTraining, `--${optional[0]}`, '1', '--resume', '--out', plain], `"${optional[0]}" is 0`);
});

describe.each(optional)('--%s', (key) => {
  const out = join(folder, `run-${key}`);
  const own = lossesWithParameters.includes(key);

  test('starts from a stage 1 without it, learns, and is in log, checkpoint and card', async () => {
    await pretrainOn(phantoms, out, ...quickTraining, '--stage1', plain, `--${key}`, '0.5', '--accumulate', '2', '--steps', '0,3');
    const steps = lines(out).filter((line) => 'losses' in line);
    expect(steps.map(({ losses }) => typeof losses[key])).toEqual(['number', 'number', 'number']);
    expect(lines(out).at(-1).validation[key]).toBeGreaterThan(0);
    expect(json(out, best, 'config.json').model.losses).toEqual(own ? [key] : undefined);
    const { code, out: printed } = await run('info', out, '--json');
    expect([code, JSON.parse(printed).parameters[key] > 0]).toEqual([0, own]);
    await run('save', out, '--part', 'text', '--out', `${out}-text`);
    expect(readFileSync(`${out}-text/README.md`, 'utf8')).toContain(`dis 1, ${key} 0.5.`);
  }, 240_000);

  test('is evaluated from the checkpoint, and alike from what is exported of it', async () => {
    const evaluate = async (from: string) => {
      const { code, out: printed, log } = await run('evaluate', '--checkpoint', from, '--data', `phantom:${phantoms}`, ...quickDevice, '--json');
      expect(code, log).toBe(0);
      return JSON.parse(printed).losses as Record<string, number>;
    };
    const exported = `${out}-exported`;
    const { code, log } = await run('export', out, '--part', 'vision', 'align', 'caption', 'summarize', '--out', exported);
    expect(code, log).toBe(0);
    const [ours, theirs] = [await evaluate(out), await evaluate(exported)];
    expect(Object.keys(theirs)).toEqual(Object.keys(ours));
    expect(Math.abs(theirs[key]! - ours[key]!) / ours[key]!).toBeLessThan(1e-4);
  }, 240_000);
});
