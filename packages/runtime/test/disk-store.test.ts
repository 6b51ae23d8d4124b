// The disk cache: entries of several processes, checksums, a bound, and what happens where nothing can be written.
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { openDiskStore } from '../src/cache/disk-store.ts';

const { folder: root, remove } = temporaryFolder();
afterAll(remove);
let number = 0;
const fresh = (): string => join(root, `cache-${number++}`);

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []));

const bytes = (length: number, value = 7): Uint8Array => new Uint8Array(length).fill(value);

/** A store, and the lines that it says. */
async function opened(folder: string, options: Partial<Parameters<typeof openDiskStore>[0]> = {}) {
  const lines: string[] = [];
  return { store: await openDiskStore({ folder, maxBytes: 2 ** 20, onMessage: (line) => lines.push(line), ...options }), lines };
}

test('gives back what was put, to another opening too, in a folder for its owner alone', async () => {
  const folder = fresh();
  const { store } = await opened(folder);
  await store.put('a key/with: anything\n', bytes(1000));
  await store.put('empty', bytes(0));
  const again = (await opened(folder)).store;
  expect(await again.get('a key/with: anything\n')).toEqual(Buffer.from(bytes(1000)));
  expect((await again.get('empty'))!.length).toBe(0);
  expect(await again.get('another')).toBeUndefined();
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, 'entries-1')).mode & 0o777).toBe(0o700);
  expect(filesOf(folder).map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
});

test('an entry that is damaged, cut, swapped or something else counts as absent and may be put again', async () => {
  const folder = fresh();
  const damage: Record<string, (file: string, other: string) => void> = {
    flipped: (file) => {
      const content = readFileSync(file);
      content[content.length - 1]! ^= 1;
      writeFileSync(file, content);
    },
    cut: (file) => truncateSync(file, 50),
    emptied: (file) => truncateSync(file, 0),
    swapped: (file, other) => writeFileSync(file, readFileSync(other)),
  };
  for (const [name, spoil] of Object.entries(damage)) {
    const { store } = await opened(join(folder, name));
    await store.put('first', bytes(100));
    const [file] = filesOf(join(folder, name));
    await store.put('second', bytes(100, 8));
    const other = filesOf(join(folder, name)).find((path) => path !== file)!;
    spoil(file!, other);
    const { store: later, lines } = await opened(join(folder, name));
    expect(await later.get('first'), name).toBeUndefined();
    expect(await later.get('second'), name).toBeDefined();
    await later.put('first', bytes(100));
    expect(await later.get('first'), name).toEqual(Buffer.from(bytes(100)));
    expect(lines).toEqual([]);
  }
});

test('a full cache removes what nobody has used since, the oldest first; then it keeps nothing more and says so once', async () => {
  const folder = fresh();
  const entry = 40 + 1000;
  const first = (await opened(folder, { maxBytes: 10 * entry })).store;
  for (let i = 0; i < 10; i++) await first.put(`old ${i}`, bytes(1000, i));
  filesOf(folder).forEach((file) => utimesSync(file, 1000, 1000));
  const { store, lines } = await opened(folder, { maxBytes: 10 * entry });
  // Used: it stays.
  expect(await store.get('old 3')).toBeDefined();
  for (let i = 0; i < 9; i++) await store.put(`new ${i}`, bytes(1000, i));
  const sizes = () => filesOf(folder).reduce((sum, file) => sum + statSync(file).size, 0);
  expect(sizes()).toBeLessThanOrEqual(10 * entry);
  expect(await store.get('old 3')).toBeDefined();
  for (let i = 0; i < 9; i++) expect(await store.get(`new ${i}`), `new ${i}`).toBeDefined();
  expect(lines).toEqual([]);
  for (let i = 9; i < 12; i++) await store.put(`new ${i}`, bytes(1000, i));
  expect(sizes()).toBeLessThanOrEqual(10 * entry);
  expect(lines).toEqual([`the cache in ${folder} is full: what else is computed is not kept; raise --cache-size`]);
});

test('a disk that is full costs one line and no step: what is there is still given', async () => {
  const folder = fresh();
  let room = 2;
  const { store, lines } = await opened(folder, {
    async write(path, parts) {
      if (room-- <= 0) {
        writeFileSync(path, 'half of i');
        throw Object.assign(new Error('write'), { code: 'ENOSPC' });
      }
      writeFileSync(path, Buffer.concat(parts));
    },
  });
  for (let i = 0; i < 5; i++) await store.put(`${i}`, bytes(10, i));
  expect(await Promise.all([0, 1, 2, 4].map(async (i) => (await store.get(`${i}`))?.[0]))).toEqual([0, 1, undefined, undefined]);
  expect(lines).toEqual([`the cache in ${folder} takes no more (no space is left on its disk): what else is computed is not kept`]);
  expect(filesOf(folder).filter((file) => file.endsWith('.tmp'))).toEqual([]);
});

test('a folder of others, open to others, or no folder is refused with one line', async () => {
  const folder = fresh();
  await opened(folder);
  chmodSync(join(folder, 'entries-1'), 0o755);
  await expect(opened(folder)).rejects.toThrow(
    /entries-1: belongs to another user or is open to others; name another --cache, or make it private \(chmod 700\)$/,
  );
  const linked = fresh();
  mkdirSync(linked);
  mkdirSync(join(linked, 'target'), { mode: 0o700 });
  symlinkSync(join(linked, 'target'), join(linked, 'entries-1'));
  await expect(opened(linked)).rejects.toThrow(/entries-1: is no folder; name another --cache$/);
  const file = fresh();
  writeFileSync(file, '');
  await expect(opened(file)).rejects.toThrow(/^[^\n]+$/);
});

test('two processes write and read one folder at once', async () => {
  const folder = fresh();
  const code = `
    import { openDiskStore } from ${JSON.stringify(new URL('../src/cache/disk-store.ts', import.meta.url).href)};
    const store = await openDiskStore({ folder: ${JSON.stringify(folder)}, maxBytes: 2 ** 24 });
    const wrong = [];
    for (let i = 0; i < 200; i++) {
      const key = 'k' + ((i * 7) % 50);
      const value = new Uint8Array(3000).fill((i * 7) % 50);
      const known = await store.get(key);
      if (known && Buffer.compare(known, value) !== 0) wrong.push(key);
      if (!known) await store.put(key, value);
    }
    console.log(JSON.stringify(wrong));`;
  const run = () => promisify(execFile)(process.execPath, ['--conditions', 'hybridmed-source', '--import', 'tsx', '--input-type=module', '-e', code]);
  const outputs = await Promise.all([run(), run()]);
  expect(outputs.map(({ stdout }) => stdout.trim())).toEqual(['[]', '[]']);
  const { store } = await opened(folder, { maxBytes: 2 ** 24 });
  for (let i = 0; i < 50; i++)
    expect(
      (await store.get(`k${i}`))?.every((value) => value === i),
      `k${i}`,
    ).toBe(true);
  rmSync(folder, { recursive: true });
});
