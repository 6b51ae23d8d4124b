// Files that are whole or not there, and folders that can or cannot be made.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '@hybridmed/data';
import { writePhantoms } from '@hybridmed/phantoms';
import { makeFolder, writeFileAtomic } from '@hybridmed/data/atomic';
import { afterAll, expect, test } from 'vitest';
import { temporaryFolder } from './support.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

test('folders that are missing are made, by many at once', async () => {
  const deep = join(folder, 'a', 'b', 'c');
  await Promise.all([makeFolder(deep), makeFolder(deep), writeFileAtomic(join(deep, 'x'), ['1', '2'])]);
  expect(readFileSync(join(deep, 'x'), 'utf8')).toBe('12');
});

test('chunks that fail leave the old file and nothing beside it', async () => {
  const file = join(folder, 'kept', 'x');
  await writeFileAtomic(file, ['old']);
  async function* failing() {
    yield 'new';
    throw new Error('no more');
  }
  await expect(writeFileAtomic(file, failing())).rejects.toThrow(DataError);
  expect(readFileSync(file, 'utf8')).toBe('old');
  expect(readdirSync(join(folder, 'kept'))).toEqual(['x']);
});

test('a file in the place of a folder is an error that names the file to write', async () => {
  writeFileSync(join(folder, 'file'), '');
  await expect(writeFileAtomic(join(folder, 'file', 'deeper', 'x'), [''])).rejects.toThrow(`${folder}/file/deeper/x: is not a folder`);
});

test.skipIf(!existsSync('/proc/self'))('where the system makes no folders, an error comes at once', async () => {
  await expect(writeFileAtomic('/proc/none/deeper/x', [''])).rejects.toThrow('/proc/none/deeper/x: its folder cannot be made; name another');
  await expect(writePhantoms('/proc/none/set', { studies: 1, size: 32 })).rejects.toThrow('/proc/none/set: its folder cannot be made; name another');
});
