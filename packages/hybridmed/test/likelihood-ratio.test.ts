// Writing by likelihood ratio from the command line: choosing, generating, evaluating, on a checkpoint, a run's best one and an export.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataSet } from '@hybridmed/data';
import type { RatioImpression } from '@hybridmed/tasks';
import type { EvaluationReport } from '@hybridmed/tasks/node';
import type { FitRatioResult } from '@hybridmed/tasks/texts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { textsOf, untrainedCheckpoint } from '../../../tools/support/checkpoint.ts';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';

const { folder, remove } = temporaryFolder();
const [checkpoint, exported, runFolder] = [join(folder, 'checkpoint'), join(folder, 'exported'), join(folder, 'run')];
const onCpu = ['--device', 'cpu', '--threads', '1'];
let data: string;
let images: string[];

interface Generated {
  readonly search: object;
  readonly results: (Omit<RatioImpression, 'text'> & { readonly image: string; readonly impression: string })[];
}

const generate = (path: string) => ['generate', '--checkpoint', path, ...onCpu, '--image', ...images, '--search', 'likelihood-ratio'];

async function json<T>(...args: string[]): Promise<T> {
  const { out, log, code } = await run(...args, '--json');
  expect(code, log).toBe(0);
  return JSON.parse(out) as T;
}

beforeAll(async () => {
  data = `phantom:${await smallPhantoms(folder)}`;
  const { studies } = await openDataSet(data);
  images = studies.slice(0, 2).map(({ image }) => image);
  await untrainedCheckpoint(checkpoint, textsOf(studies));
  // A run: its best checkpoint, settings and provenance.
  mkdirSync(join(runFolder, 'checkpoints'), { recursive: true });
  cpSync(checkpoint, join(runFolder, 'checkpoints', 'stage2-best'), { recursive: true });
  writeFileSync(join(runFolder, 'run.json'), '{}');
  const split = { studies: 1, reports: 1, ids: 'x' };
  const recorded = { name: 'phantom', spec: data, splits: { train: split, validate: split, test: split }, dropped: {} };
  writeFileSync(join(runFolder, 'provenance.json'), JSON.stringify({ data: recorded, sessions: [] }));
});
afterAll(remove);

test('a checkpoint without one says how to choose it, findings are not written by it', async () => {
  const none = await run(...generate(checkpoint));
  expect([none.code, none.out]).toEqual([1, '']);
  expect(none.log).toContain(
    `\nerror: ${checkpoint}: has no likelihood ratio to write by; choose it on validation studies with \`hybridmed fit-ratio --checkpoint CHECKPOINT --data SPEC\`, and export again where this is an export\n`,
  );
  const findings = await run('generate', '--checkpoint', checkpoint, ...onCpu, '--findings', 'Clear.', '--search', 'likelihood-ratio');
  expect(findings.code).toBe(2);
  expect(findings.log).toContain('--search likelihood-ratio writes from images; give --image FILE...');
});

test('what is chosen is kept, and writes the same from the checkpoint, its run and its export', async () => {
  const args = ['--data', data, '--cider-fraction', '0', '--frequent', '5', '--naming', '6', ...onCpu];
  const { likelihoodRatio } = await json<FitRatioResult>('fit-ratio', '--checkpoint', checkpoint, ...args);
  expect(likelihoodRatio.candidates.length).toBeLessThanOrEqual(11);
  expect((JSON.parse(readFileSync(join(checkpoint, 'config.json'), 'utf8')) as { likelihoodRatio: object }).likelihoodRatio).toEqual(likelihoodRatio);
  const chosen = await json<FitRatioResult>('fit-ratio', '--checkpoint', runFolder, ...args);
  expect(chosen.likelihoodRatio).toEqual(likelihoodRatio);
  expect(chosen.checkpoint).toBe(join(runFolder, 'checkpoints', 'stage2-best'));
  const { likelihoodRatios } = JSON.parse(readFileSync(join(runFolder, 'provenance.json'), 'utf8')) as { likelihoodRatios: object[] };
  const { weight, threshold } = likelihoodRatio;
  expect(likelihoodRatios).toMatchObject([{ checkpoint: 'stage2-best', data, studies: likelihoodRatio.chosen.studies, weight, threshold }]);

  const own = await json<Generated>(...generate(checkpoint));
  expect(own.search).toEqual({ kind: 'likelihood-ratio', weight, threshold, candidates: likelihoodRatio.candidates.length });
  expect(own.results.map(({ image }) => image)).toEqual(images);
  for (const { impression, namesFinding, namingScore, runnersUp } of own.results) {
    expect(likelihoodRatio.candidates).toContainEqual({ text: impression, names: namesFinding });
    expect(namingScore > threshold).toBe(namesFinding);
    expect(runnersUp.length).toBeGreaterThan(0);
  }
  expect((await json<Generated>(...generate(runFolder))).results).toEqual(own.results);
  const texts = await run(...generate(checkpoint));
  expect(texts.out).toBe(own.results.map(({ image, impression }) => `${image}: ${impression}\n`).join(''));

  expect((await run('export', checkpoint, '--part', 'caption', '--out', exported)).code).toBe(0);
  const theirs = await json<Generated>(...generate(exported));
  for (const [i, each] of theirs.results.entries())
    expect(each).toMatchObject({ impression: own.results[i]!.impression, score: expect.closeTo(own.results[i]!.score, 3) });

  const report = await json<EvaluationReport>('evaluate', '--checkpoint', checkpoint, '--data', data, ...onCpu, '--limit', '4');
  expect(report.likelihoodRatio).toEqual(likelihoodRatio);
  expect(report.text.imageRatio!.cider).toBeGreaterThanOrEqual(0);
  const table = await run('evaluate', '--checkpoint', checkpoint, '--data', data, ...onCpu, '--limit', '4');
  expect(table.out).toMatch(/^from the image, likelihood ratio +\d/m);
  expect(table.out).toMatch(/^likelihood ratio: \d+ candidates, a [\d.]+, threshold -?[\d.]+, chosen on \d+ validation studies/m);
});

test('the tables say what was chosen', async () => {
  const { out, code } = await run('fit-ratio', '--checkpoint', checkpoint, '--data', data, '--cider-fraction', '1', ...onCpu);
  expect(code).toBe(0);
  expect(out).toMatch(/^\d+ candidates, \d+ of which name a finding; a [\d.]+, threshold -?[\d.]+\n/);
  expect(out).toContain(`kept in ${checkpoint}; write with \`hybridmed generate --search likelihood-ratio\`\n`);
});
