// Work in parts and merged: the bytes, or the JSON, of one process that does the whole.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataSet } from '@hybridmed/data';
import { writePhantoms } from '@hybridmed/phantoms';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { textsOf, untrainedCheckpoint } from '../../../tools/support/checkpoint.ts';
import { labellerFolder } from '../../../tools/support/labeller.ts';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';

const { folder, remove } = temporaryFolder();
const [checkpoint, published] = [join(folder, 'checkpoint'), join(folder, 'published')];
const data = `phantom:${join(folder, 'set')}`;
const cpu = ['--device', 'cpu', '--threads', '1'];

beforeAll(async () => {
  await writePhantoms(join(folder, 'set'), { studies: 120, size: 40 });
  await untrainedCheckpoint(checkpoint, textsOf((await openDataSet(data)).studies));
  labellerFolder(published);
});
afterAll(remove);

const succeeds = async (...args: string[]) => {
  const { code, log, out } = await run(...args);
  expect(code, log).toBe(0);
  return out;
};
const fails = async (line: string, code: number, ...args: string[]) => {
  const ran = await run(...args);
  expect(ran.log).toContain(line);
  expect(ran.code).toBe(code);
};
const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
const contents = (dir: string) =>
  Object.fromEntries(
    readdirSync(dir)
      .toSorted()
      .map((name) => [name, sha256(join(dir, name))]),
  );

/** Does every part of a command, the last first, with one missing for a while. */
async function inParts(parts: string, count: number, mergeFlags: readonly string[], ...args: string[]): Promise<string> {
  const part = (number: number) => succeeds(...args, '--parts', parts, '--part', `${number}/${count}`, '--json');
  for (let number = count; number > 1; number--) await part(number);
  await fails(`part 1 of ${count} is missing; run the command again with --part 1/${count}`, 1, 'merge', parts, ...mergeFlags);
  expect(JSON.parse(await part(1))).toEqual({ part: 1, parts: count, file: join(parts, `part-1-of-${count}.jsonl`) });
  return succeeds('merge', parts, ...mergeFlags, '--json');
}

describe('embed', () => {
  test('texts and images', async () => {
    const texts = join(folder, 'texts.json');
    const { studies } = await openDataSet(data);
    writeFileSync(texts, JSON.stringify(studies.slice(0, 50).map(({ findings }) => findings)));
    for (const [name, ...inputs] of [
      ['texts', '--texts', texts],
      ['images', '--images', ...studies.slice(0, 37).map(({ image }) => image)],
    ] as const) {
      const [whole, merged] = [join(folder, `${name}.safetensors`), join(folder, `${name}-merged.safetensors`)];
      const args = ['embed', '--checkpoint', checkpoint, ...cpu, ...inputs];
      const printed = JSON.parse(await succeeds(...args, '--out', whole, '--json')) as object;
      expect(JSON.parse(await inParts(join(folder, `${name}-parts`), 2, ['--out', merged], ...args))).toEqual({ ...printed, out: merged });
      expect(sha256(merged)).toBe(sha256(whole));
    }
    // A part that is done again has the same bytes.
    const parts = join(folder, 'texts-parts');
    const before = contents(parts);
    await succeeds('embed', '--checkpoint', checkpoint, ...cpu, '--texts', texts, '--parts', parts, '--part', '1/2');
    expect(contents(parts)).toEqual(before);
    // Batches are shared, not rows: more parts than batches are as good.
    const many = join(folder, 'many.safetensors');
    await inParts(join(folder, 'many-parts'), 5, ['--out', many], 'embed', '--checkpoint', checkpoint, ...cpu, '--texts', texts);
    expect(sha256(many)).toBe(sha256(join(folder, 'texts.safetensors')));
  });

  test('flags that do not belong together', async () => {
    const args = ['embed', '--checkpoint', checkpoint, '--texts', join(folder, 'texts.json')];
    await fails('give either --out FILE, or --parts FOLDER', 2, ...args);
    await fails('give --parts FOLDER with --part', 2, ...args, '--out', join(folder, 'x'), '--part', '1/2');
    await fails('--part 3/2: is no part', 1, ...args, '--parts', join(folder, 'x'), '--part', '3/2');
    await fails('give --out: what embed writes', 2, 'merge', join(folder, 'texts-parts'));
    expect(existsSync(join(folder, 'x'))).toBe(false);
  });

  test('parts of unlike inputs are refused', async () => {
    const texts = join(folder, 'other.txt');
    writeFileSync(texts, 'Normal.\n');
    const parts = join(folder, 'texts-parts');
    await succeeds('embed', '--checkpoint', checkpoint, ...cpu, '--texts', texts, '--parts', parts, '--part', '2/2');
    await fails('part 2 has inputs', 1, 'merge', parts, '--out', join(folder, 'never.safetensors'));
    expect(existsSync(join(folder, 'never.safetensors'))).toBe(false);
  });
});

describe('evaluate', () => {
  const whole = ['evaluate', '--checkpoint', checkpoint, '--data', data, '--split', 'train', ...cpu];

  test('losses, shuffles, texts, likelihood ratio, retrieval, zero-shot, labels, published metrics', async () => {
    const args = [...whole, '--limit', '40', '--likelihood-ratio', '--bertscore', `hf:${published}`, '--labeller', `hf:${published}`];
    const expected = JSON.parse(await succeeds(...args, '--json')) as Record<string, unknown>;
    expect(expected).toHaveProperty('captioning');
    expect(expected).toHaveProperty('likelihoodRatio');
    expect(expected).toHaveProperty('chexbert');
    expect(JSON.parse(await inParts(join(folder, 'evaluation'), 2, cpu, ...args))).toEqual(expected);
  });

  test('a data set that has changed since is refused', async () => {
    const [table, parts] = [join(folder, 'set', 'phantoms.csv'), join(folder, 'evaluation')];
    const before = readFileSync(table, 'utf8');
    writeFileSync(table, before.replace(/No acute/g, 'No very acute'));
    expect(readFileSync(table, 'utf8')).not.toBe(before);
    await fails('studies are not those that the parts were measured on', 1, 'merge', parts);
    writeFileSync(table, before);
    await fails('leave --out out: evaluate prints its result', 2, 'merge', parts, '--out', 'x');
  });
});

describe('data', () => {
  test('pack', async () => {
    const [whole, merged] = [join(folder, 'shards'), join(folder, 'merged')];
    const args = (out: string) => ['data', 'pack', data, out, '--size', '36', '--studies-per-shard', '20'];
    const printed = JSON.parse(await succeeds(...args(whole), '--json')) as object;
    const result = await inParts(join(folder, 'shard-parts'), 2, ['--out', merged], ...args(merged));
    expect(JSON.parse(result)).toEqual({ ...printed, folder: merged });
    expect(contents(merged)).toEqual(contents(whole));
    // A shard that is gone since is named.
    rmSync(join(merged, 'manifest.json'));
    rmSync(join(merged, 'train-000001.tar'));
    await fails('train-000001.tar: does not exist', 1, 'merge', join(folder, 'shard-parts'), '--out', merged);
    expect(existsSync(join(merged, 'manifest.json'))).toBe(false);
  });

  test('check', async () => {
    // An image that another split has, one that looks like it, one of a single grey level, and one that cannot be read.
    const image = (number: number) => join(folder, 'set', 'images', `p${String(number).padStart(6, '0')}.png`);
    const [first, last] = [image(1), image(119)].map((file) => readFileSync(file));
    writeFileSync(image(119), first!);
    writeFileSync(image(60), 'nothing');
    const args = ['data', 'check', data, '--labels'];
    const whole = await run(...args, '--json');
    const report = JSON.parse(whole.out) as { unreadable: unknown[]; reportLabels: unknown };
    expect([report.unreadable.length, report.reportLabels === undefined]).toEqual([1, false]);
    const parts = join(folder, 'check-parts');
    for (const number of [2, 1]) await succeeds(...args, '--parts', parts, '--part', `${number}/2`);
    const merged = await run('merge', parts, '--json');
    expect([merged.code, JSON.parse(merged.out)]).toEqual([whole.code, report]);
    rmSync(join(parts, 'part-2-of-2.jsonl'));
    await fails('part 2 of 2 is missing', 1, 'merge', parts);
    writeFileSync(image(119), last!);
  });
});
