// Large packed sets: their table of columns gives what the indexes give, in a moment, and is refused where it is not theirs.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SelectOptions, Split } from '@hybridmed/data';
import { DataError, finishPacking, openDataSet } from '@hybridmed/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from './support.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const [packed, plain] = [join(folder, 'packed'), join(folder, 'plain')];
const [shards, perShard] = [22, 1000];
const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

/** All kinds of studies: with and without patient, view and labels, with empty ones, short texts, boxes and tags. */
const studyOf = (i: number, split: Split) => ({
  id: `d${i}ü`,
  report: `s${i >> 1}`,
  ...(i % 7 === 0 ? {} : { patient: i % 7 === 1 ? '' : `p${i >> 2}` }),
  findings: i % 11 === 0 ? '' : i % 11 === 1 ? 'clear' : `the lungs are clear, number ${i} ☢`,
  impression: i % 13 === 0 ? 'normal' : `no acute disease, number ${i}`,
  ...(i % 5 === 0 ? {} : { view: ['PA', 'LATERAL', 'AP', ''][i % 4] }),
  ...(i % 3 === 0 ? { labels: { Edema: (i % 2) as 0 | 1 }, publishedLabels: { Edema: i % 2 } } : i % 3 === 1 ? { labels: {} } : {}),
  ...(i % 17 === 0 ? { boxes: [{ x: 1, y: 2, width: 3, height: i }], tags: 'a;b' } : {}),
  split,
});

beforeAll(async () => {
  mkdirSync(packed);
  const recipe = { spec: 'mimic:x', size: 8, studiesPerShard: perShard, select: {}, studies: '0'.repeat(64) };
  writeFileSync(join(packed, 'recipe.json'), JSON.stringify(recipe));
  const written = Array.from({ length: shards }, (__, shard) => {
    const split = shard < shards - 2 ? 'train' : 'test';
    const file = `${split}-${String(split === 'train' ? shard : shard - shards + 2).padStart(6, '0')}.tar`;
    const archive = Buffer.alloc(2048, shard);
    // Places alternate between shards, as those of splits do.
    const lines = Array.from({ length: perShard }, (_, i) => {
      const position = i * shards + shard;
      return JSON.stringify({ position, start: 512 * i, length: 100 + i, sha256: sha256(`${shard} ${i}`), study: studyOf(position, split) });
    });
    const index = `${[JSON.stringify({ bytes: 2048, sha256: sha256(archive), unreadable: [] }), ...lines].join('\n')}\n`;
    writeFileSync(join(packed, file), archive);
    writeFileSync(join(packed, file.replace('.tar', '.jsonl')), index);
    const entry = { file, split, studies: perShard, bytes: 2048, sha256: sha256(archive), indexSha256: sha256(index) } as const;
    return { entry, unreadable: [] };
  });
  const facts = { recipe, counts: {}, dropped: {}, splitOrigin: 'published', warnings: [], shards } as const;
  await finishPacking(packed, { facts, shards: written, kept: 0 });
  cpSync(packed, plain, { recursive: true });
  rmSync(join(plain, 'studies.columns'));
});

const open = (set: string, options: SelectOptions = {}) => openDataSet(`shards:${set}`, options);

describe('the table of a large packed set', () => {
  test.each<SelectOptions>([{}, { views: 'all', minWords: 1 }, { need: 'labels', views: 'all' }, { need: 'images', views: 'all' }])(
    'gives the studies of the indexes: %j',
    async (options) => {
      const [quick, slow] = [await open(packed, options), await open(plain, options)];
      expect(quick.dropped).toEqual(slow.dropped);
      expect(quick.studies.length).toBeGreaterThan(1000);
      const text = (studies: readonly object[]) => JSON.stringify(studies).replaceAll(plain, packed);
      expect(sha256(text(quick.studies))).toBe(sha256(text(slow.studies)));
    },
  );

  test('opens in a moment', async () => {
    const start = performance.now();
    await open(packed, { need: 'images', views: 'all' });
    // A tenth of it on a machine at rest; the indexes take more.
    expect(performance.now() - start).toBeLessThan(1500);
  });

  test('gives studies that are as other objects, and cannot be changed', async () => {
    const { studies } = await open(packed, { need: 'images', views: 'all' });
    const [first, second] = [studies[0]!, studies[1]!];
    expect(first).toEqual({ ...studyOf(0, 'train'), image: first.image });
    expect({ ...second, split: 'test' }).toEqual({ ...studyOf(1, 'test'), image: second.image });
    expect('patient' in first).toBe(false);
    expect([first.patient, second.patient, Object.keys(second).at(-1)]).toEqual([undefined, '', 'image']);
    expect(() => Object.assign(first, { id: 'x' })).toThrow(TypeError);
    expect(String(first)).toBe('[object Object]');
  });

  test('takes the parts of a split file', async () => {
    const file = join(folder, 'split.csv');
    writeFileSync(file, `image,split\nd2ü,test\nd6ü,train\n`);
    const { studies } = await open(packed, { splitFile: file, need: 'images', views: 'all' });
    expect(studies.map(({ id, split, findings }) => [id, split, findings])).toEqual([
      ['d2ü', 'test', studyOf(2, 'test').findings],
      ['d6ü', 'train', studyOf(6, 'train').findings],
    ]);
  });

  test('is refused where it is not the manifest’s, as is an index when its first text is asked for; without it the indexes serve', async () => {
    const other = join(folder, 'other');
    cpSync(packed, other, { recursive: true });
    const columns = join(other, 'studies.columns');
    const bytes = readFileSync(columns);
    bytes[bytes.length - 100]! ^= 1;
    writeFileSync(columns, bytes);
    await expect(open(other)).rejects.toThrow(/studies\.columns: is not what the manifest lists; [^\n]+$/);
    truncateSync(columns, 100);
    expect((await open(other)).studies).toHaveLength((await open(plain)).studies.length);
    cpSync(join(packed, 'studies.columns'), columns);
    const index = join(other, 'train-000002.jsonl');
    writeFileSync(index, readFileSync(index, 'utf8').replaceAll('lungs', 'bones'));
    const { studies } = await open(other);
    expect(() => studies.map(({ findings }) => findings)).toThrow(DataError);
    expect(() => studies.map(({ findings }) => findings)).toThrow('train-000002.jsonl: is not the index that the manifest lists');
  });
});
