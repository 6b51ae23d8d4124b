import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { phantomLabels } from '@hybridmed/eval/labeller';
import { writePhantoms } from '@hybridmed/phantoms';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from './support/output.ts';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
const set = join(folder, 'set');
const spec = `phantom:${set}`;
afterAll(remove);
beforeAll(async () => {
  await writePhantoms(set, { studies: 30, size: 40 });
});

/** The set's table with its rows changed. */
function table(name: string, change: (line: string, index: number) => string): string {
  const [header, ...lines] = readFileSync(join(set, 'phantoms.csv'), 'utf8').trim().split('\n');
  const file = join(set, name);
  writeFileSync(file, `${[header, ...lines.map(change)].join('\n')}\n`);
  return file;
}

describe('data check', () => {
  test('prints one JSON document with counts, splits, drops, leaks, labels; exit 0', async () => {
    const { code, out } = await run('data', 'check', spec, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      rows: 30,
      reports: 30,
      pairs: 30,
      patients: 30,
      kept: 30,
      dropped: {},
      leaks: { patients: 0, studies: 0, images: 0 },
      unreadable: [],
    });
    expect((await run('data', 'check', spec)).out).toMatch(/^kept \(pairs\) +30$/m);
  });

  test('a patient on both sides of a split is exit 1', async () => {
    const parts = ['train', 'test'];
    const file = table('leak.csv', (line, i) => line.replace(/"p\d+","p\d+"/, `"p${i}","one"`).replace(/"(train|validate|test)"/, `"${parts[i % 2]}"`));
    const { code, out } = await run('data', 'check', `csv:${file}`, '--json');
    expect([code, JSON.parse(out).leaks.patients]).toEqual([1, 1]);
    expect((await run('data', 'check', `csv:${file}`)).out).toMatch(/^leaks +1$/m);
  });

  test('columns by their names; a need that the set does not meet is one line', async () => {
    const file = join(set, 'named.csv');
    writeFileSync(file, readFileSync(join(set, 'phantoms.csv'), 'utf8').replace('findings', 'Report text'));
    expect(JSON.parse((await run('data', 'check', `csv:${file}`, '--columns', 'findings=Report text', '--json')).out).kept).toBe(30);
    const lacking = await run('data', 'check', `csv:${file}`, '--need', 'pairs');
    expect([lacking.code, lacking.out]).toEqual([1, '']);
    expect(lacking.log).toContain('has no column "findings"');
    expect((await run('data', 'check', spec, '--need', 'questions')).log).toContain('no questions about images');
    expect((await run('data', 'check', spec, '--columns', 'picture=x')).code).toBe(2);
  });
});

describe('data check --labels', () => {
  interface Labels {
    readonly counts: Readonly<Record<string, Readonly<Record<string, { readonly positive: number; readonly negative: number; readonly uncertain: number }>>>>;
    readonly rare: readonly string[];
  }
  const labelsOf = async (of: string) => JSON.parse((await run('data', 'check', of, '--labels', '--json')).out).reportLabels as Labels;

  test('counts what reports say by label and split: for phantoms, what was drawn', async () => {
    const checked = JSON.parse((await run('data', 'check', spec, '--labels', '--json')).out);
    const { counts, rare } = checked.reportLabels as Labels;
    for (const [finding, label] of Object.entries(phantomLabels))
      for (const [split, { positive, negative }] of Object.entries(checked.labels[finding] as Labels['counts'][string]))
        expect(counts[label]![split] ?? { positive: 0, negative: 0, uncertain: 0 }, `${label} ${split}`).toEqual({ positive, negative, uncertain: 0 });
    expect(rare).toContain(`Scar: 0 positive and ${checked.splits.train} negative training studies; a label needs 10 of either to be trained`);
    const { out } = await run('data', 'check', spec, '--labels');
    expect(out).toMatch(/^reports say Pleural Effusion +positive \d+\/\d+\/\d+, negative \d+\/\d+\/\d+, uncertain 0\/0\/0$/m);
    expect(out).toMatch(/^left out: Scar: 0 positive/m);
  });

  test('several images of one report are one study; nothing is added without the flag', async () => {
    const image = readFileSync(join(set, 'phantoms.csv'), 'utf8').match(/images\/[^",]+/)![0];
    copyFileSync(join(set, image), join(set, 'other-view.png'));
    const file = join(set, 'views.csv');
    const rows = [image, 'other-view.png'].map((name) => `${name},one,s1,train,Small left pleural effusion.,There is an effusion.`);
    writeFileSync(file, `image,patient,study,split,findings,impression\n${rows.join('\n')}\n`);
    expect(JSON.parse((await run('data', 'check', `csv:${file}`, '--json')).out).kept).toBe(2);
    expect((await labelsOf(`csv:${file}`)).counts['Pleural Effusion']).toEqual({ train: { positive: 1, negative: 0, uncertain: 0 } });
    expect(JSON.parse((await run('data', 'check', spec, '--json')).out)).not.toHaveProperty('reportLabels');
  });

  test('a set without reports is one line', async () => {
    const file = join(set, 'pictures.csv');
    const image = readFileSync(join(set, 'phantoms.csv'), 'utf8').match(/images\/[^",]+/)![0];
    writeFileSync(file, `image,effusion\n${image},1\n`);
    const { code, out, log } = await run('data', 'check', `csv:${file}`, '--labels');
    expect([code, out]).toEqual([1, '']);
    expect(log).toContain('gives no text of reports for labels');
  });
});

describe('data split', () => {
  test('writes ids, verifies them, and says when they do not fit', async () => {
    const file = join(folder, 'ids.csv');
    const made = await run('data', 'split', spec, '--out', file, '--json');
    expect(made.code, made.log).toBe(0);
    const verified = await run('data', 'split', spec, '--verify', file, '--json');
    expect([verified.code, JSON.parse(verified.out)]).toEqual([0, expect.objectContaining({ fits: true, sha256: JSON.parse(made.out).sha256 })]);
    writeFileSync(file, readFileSync(file, 'utf8').split('\n').slice(0, -3).join('\n'));
    const short = await run('data', 'split', spec, '--verify', file);
    expect(short.code).toBe(1);
    expect(short.out).toMatch(/^fits +no$/m);
  });

  test('draws anew by shares', async () => {
    const { out } = await run('data', 'split', spec, '--out', join(folder, 'drawn.csv'), '--validate', '0.1', '--test', '0.3', '--json');
    expect(JSON.parse(out).ids).toEqual({ train: 18, validate: 3, test: 9 });
    expect(JSON.parse((await run('data', 'check', spec, '--split-file', join(folder, 'drawn.csv'), '--json')).out).splits).toEqual({
      train: 18,
      validate: 3,
      test: 9,
    });
  });

  test.each([
    [['data', 'split', 'phantom:x'], 'give either --out FILE or --verify FILE'],
    [['data', 'split', 'phantom:x', '--out', 'a', '--verify', 'b'], 'give either --out FILE or --verify FILE'],
    [['data', 'split', 'phantom:x', '--out', 'a', '--test', '1.5'], "the sum of '--validate' and '--test' must be at most 1"],
  ])('%j is wrong use', async (args, message) => {
    const { code, log } = await run(...args);
    expect([code, log]).toEqual([2, expect.stringContaining(message)]);
    expect(existsSync('a')).toBe(false);
  });
});

test('data index says what it did', async () => {
  const { code, out } = await run('data', 'index', spec, '--json');
  expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ rows: 30, reused: false })]);
});

test.skipIf(process.platform === 'win32')('data phantom ends, with one line, where its files cannot be written', () => {
  const out = join(folder, 'limited');
  const cli = join(import.meta.dirname, 'support/cli.ts');
  const node = [process.execPath, '--conditions=hybridmed-source', '--import', import.meta.resolve('tsx'), cli, 'data', 'phantom', out, '--studies', '20'];
  // Files of at most 2 blocks: the disk is full for a film, whose folder is made.
  const { status, stderr } = spawnSync('sh', ['-c', 'ulimit -f 2; exec "$@"', 'sh', ...node], { encoding: 'utf8', timeout: 60_000 });
  expect(status, stderr).toBe(1);
  expect(stderr.trim().split('\n').at(-1)).toMatch(/^error: .*limited: /);
  expect(readdirSync(folder).filter((name) => name.startsWith('limited') || name.startsWith('.phantom'))).toEqual([]);
});
