// What is said of files that cannot be read or written: one line with the name and advice of its own.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashFiles, readSafetensors, readTokenizer } from '@hybridmed/runtime';
import { describeError, readableFolder, readJson } from '@hybridmed/runtime/files';
import { afterAll, expect, test } from 'vitest';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

test.each([
  ['ENOSPC', /no space left on the device; free space and run again with --resume/],
  ['EDQUOT', /the quota of the disk is used up; free space/],
  ['EROFS', /its file system is mounted read-only; name a folder elsewhere/],
  ['EFBIG', /is larger than a file may be here; raise the limit/],
  ['EACCES', /may not be read or written; check its permissions/],
])('%s has its own advice', (code, advice) => {
  const { message } = describeError('run/model.safetensors', Object.assign(new Error(`${code}: something, write`), { code, syscall: 'write' }));
  expect(message).toMatch(/^run\/model\.safetensors: /);
  expect(message).toMatch(advice);
});

test('JSON of millions of brackets is refused in one line; brackets in strings count for nothing', async () => {
  const file = join(folder, 'deep.json');
  writeFileSync(file, `{"a": ${'['.repeat(5e6)}${']'.repeat(5e6)}}`);
  await expect(readJson(file)).rejects.toThrow(`${file}: is nested more than 1000 levels deep; mend it, or restore what was written`);
  const text = { 'a"': `\\"${'['.repeat(5000)}` };
  writeFileSync(file, JSON.stringify(text));
  expect(await readJson(file)).toEqual(text);
});

test('a reader takes the whole copy where a kill left no folder, waits for a writer, and renames nothing', async () => {
  const [whole, copy] = [join(folder, 'checkpoint'), join(folder, 'checkpoint.previous')];
  expect(await readableFolder(whole)).toBeUndefined();
  mkdirSync(copy);
  expect(await readableFolder(whole)).toBe(copy);
  expect(readdirSync(folder)).toContain('checkpoint.previous');
  const reading = readableFolder(whole);
  mkdirSync(whole);
  expect(await reading).toBe(whole);
  expect(readdirSync(folder)).toContain('checkpoint.previous');
});

test('a pipe or a device in a folder is refused, not waited for', async () => {
  const [pipe, vocabulary] = [join(folder, 'config.json'), join(folder, 'vocab.txt')];
  for (const file of [pipe, vocabulary]) execFileSync('mkfifo', [file]);
  const line = (file: string) => `${file}: is no regular file; name a file`;
  await expect(readJson(pipe)).rejects.toThrow(line(pipe));
  await expect(readSafetensors(pipe)).rejects.toThrow(line(pipe));
  await expect(hashFiles([pipe])).rejects.toThrow(line(pipe));
  await expect(readTokenizer(vocabulary)).rejects.toThrow(line(vocabulary));
  await expect(readJson('/dev/zero')).rejects.toThrow(line('/dev/zero'));
});
