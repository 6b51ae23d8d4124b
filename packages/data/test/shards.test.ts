import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import type { Question, SelectOptions, StudyBatch } from '@hybridmed/data';
import { checkDataSet, createLoader, DataError, openDataSet, packDataSet, readSquare } from '@hybridmed/data';
import { writePhantoms } from '@hybridmed/phantoms';
import sharp from 'sharp';
import tar from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeImage, write } from './fixtures.ts';
import { temporaryFolder, tokenizer } from './support.ts';

const { folder, remove } = temporaryFolder();
const [set, packed] = [join(folder, 'set'), join(folder, 'packed')];
const served: { server?: Server; url: string; requests: string[]; ranges: boolean } = { url: '', requests: [], ranges: true };

/** Serves the folder: with ranges, or as a server that knows none. */
function serve(): Promise<string> {
  served.server = createServer((request, response) => {
    const file = join(folder, decodeURIComponent(request.url!));
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    served.requests.push(`${request.url} ${request.headers.range ?? ''}`);
    if (!existsSync(file)) return response.writeHead(404).end();
    const bytes = readFileSync(file);
    if (!range || !served.ranges) return response.writeHead(200).end(bytes);
    if (Number(range[1]) >= bytes.length) return response.writeHead(416).end();
    const part = bytes.subarray(Number(range[1]), Number(range[2]) + 1);
    return response.writeHead(206, { 'content-range': `bytes ${range[1]}-${Number(range[1]) + part.length - 1}/${bytes.length}` }).end(part);
  });
  return new Promise((resolve) => {
    served.server!.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(served.server!.address() as AddressInfo).port}`));
  });
}

beforeAll(async () => {
  await writePhantoms(set, { studies: 60, size: 50 });
  await packDataSet(await openDataSet(`phantom:${set}`), packed, { size: 40, studiesPerShard: 10, workers: 0 });
  served.url = await serve();
});
afterAll(async () => {
  await new Promise((resolve) => {
    served.server!.close(resolve);
    served.server!.closeAllConnections();
  });
  remove();
});

async function epoch(spec: string, options: Partial<Parameters<typeof createLoader>[0]> = {}): Promise<StudyBatch[]> {
  const studies = (await openDataSet(spec)).studies.filter(({ split }) => split === 'train');
  const loader = createLoader({ studies, tokenizer, image: { resize: 40, size: 32, channels: 1 }, batchSize: 8, train: true, seed: 3, workers: 0, ...options });
  const batches: StudyBatch[] = [];
  for await (const batch of loader.batches({ epoch: 1 })) batches.push(batch);
  await loader.close();
  return batches;
}

describe('a packed set', () => {
  test('gives the same studies in the same order, and the same batches, from a folder and over HTTP', async () => {
    const [plain, again] = [await openDataSet(`phantom:${set}`), await openDataSet(`shards:${packed}`)];
    const bare = (study: { image: string }) => ({ ...study, image: '' });
    expect(again.studies.map(bare)).toEqual(plain.studies.map(bare));
    expect(again).toMatchObject({ counts: plain.counts, dropped: plain.dropped, splitOrigin: plain.splitOrigin });
    const expected = await epoch(`phantom:${set}`);
    expect(expected.length).toBeGreaterThan(3);
    expect(await epoch(`shards:${packed}`)).toEqual(expected);
    expect(await epoch(`shards:${packed}`, { workers: 1 })).toEqual(expected);
    for (const ranges of [true, false]) {
      served.ranges = ranges;
      expect(await epoch(`shards:${served.url}/packed`), `ranges: ${ranges}`).toEqual(expected);
    }
    served.ranges = true;
    expect(await epoch(`shards:${served.url}/packed/manifest.json`, { workers: 2 })).toEqual(expected);
  });

  test('shard by shard: studies stay near those of their shard, ranks share the shards, and each part is fetched once', async () => {
    const sampling = { by: 'shard', buffer: 4 } as const;
    const { studies } = await openDataSet(`shards:${packed}`);
    const train = studies.filter(({ split }) => split === 'train');
    const shardOf = (index: number) => train[index]!.image.split('#')[0]!;
    const whole = (await epoch(`shards:${packed}`, { sampling, batchSize: 1 })).flatMap((batch) => batch.studies);
    expect(whole.toSorted((a, b) => a - b)).toEqual(train.map((_, i) => i));
    const changes = whole.filter((index, i) => i > 0 && shardOf(index) !== shardOf(whole[i - 1]!)).length;
    expect(changes).toBeLessThan(whole.length / 2);
    const ranks = await Promise.all(
      [0, 1].map(async (rank) => (await epoch(`shards:${packed}`, { sampling, rank, ranks: 2, batchSize: 1 })).flatMap((batch) => batch.studies)),
    );
    expect(ranks[0]!.length).toBe(ranks[1]!.length);
    const shards = ranks.map((own) => new Set(own.map(shardOf)));
    // The one on the border, no more; and no study twice.
    expect([...shards[0]!].filter((name) => shards[1]!.has(name)).length).toBeLessThanOrEqual(1);
    expect(new Set(ranks.flat()).size).toBe(ranks.flat().length);
    served.requests = [];
    await epoch(`shards:${served.url}/packed`, { sampling, workers: 1 });
    const ranged = served.requests.filter((line) => line.includes('bytes='));
    expect(ranged.length).toBe(new Set(train.map(({ image }) => image.split('#')[0])).size);
  });

  // Linux alone says which files a process has open.
  test.skipIf(!existsSync('/proc/self/fd'))('stays open for what is read next, at most 64 files of it, until the loader is closed', async () => {
    const many = join(folder, 'many');
    await writePhantoms(`${many}-set`, { studies: 100, size: 40 });
    await packDataSet(await openDataSet(`phantom:${many}-set`), many, { size: 40, studiesPerShard: 1, workers: 0 });
    const open = () =>
      readdirSync('/proc/self/fd').filter((name) => {
        try {
          return readlinkSync(`/proc/self/fd/${name}`).startsWith(many);
        } catch {
          return false;
        }
      }).length;
    const { studies } = await openDataSet(`shards:${many}`);
    const loader = createLoader({ studies, tokenizer, image: { resize: 40, size: 32, channels: 1 }, batchSize: 10, train: true, workers: 0, cacheBytes: 0 });
    for (const round of [0, 1]) {
      for await (const { arrays } of loader.batches({ epoch: round })) expect(arrays.image.shape[0]).toBe(10);
      // Fewer where the disk was slow for a moment.
      expect(open()).toBeGreaterThan(0);
      expect(open()).toBeLessThanOrEqual(64);
    }
    await loader.close();
    expect(open()).toBe(0);
  });

  test('packed again: nothing to do; another recipe or another folder’s content is refused', async () => {
    const data = await openDataSet(`phantom:${set}`);
    const before = contents(packed);
    expect(await packDataSet(data, packed, { size: 40, studiesPerShard: 10, workers: 0 })).toMatchObject({ kept: 8, shards: 8, studies: 60 });
    expect(contents(packed)).toEqual(before);
    await expect(packDataSet(data, packed, { size: 41, studiesPerShard: 10 })).rejects.toThrow('another "size" (40, not 41)');
    await expect(packDataSet(data, set, { size: 40 })).rejects.toThrow('holds something else');
    await expect(packDataSet({ ...data, studies: data.studies.slice(1) }, packed, { size: 40, studiesPerShard: 10 })).rejects.toThrow('another "studies"');
  });

  test('a damaged shard is made anew, an interrupted packing is no set, and finishing it gives the very bytes', async () => {
    const data = await openDataSet(`phantom:${set}`);
    const broken = join(folder, 'broken');
    cpSync(packed, broken, { recursive: true });
    const before = contents(broken);
    rmSync(join(broken, 'manifest.json'));
    rmSync(join(broken, 'train-000003.tar'));
    truncateSync(join(broken, 'train-000001.tar'), 1000);
    writeFileSync(join(broken, 'train-000003.tar.1a2b3c4d.tmp'), 'half a shard');
    await expect(openDataSet(`shards:${broken}`)).rejects.toThrow('run data pack again');
    expect(await packDataSet(data, broken, { size: 40, studiesPerShard: 10, workers: 1 })).toMatchObject({ kept: 6 });
    expect(contents(broken)).toEqual(before);
  });

  test('images that cannot be read are left out, named and counted', async () => {
    const copy = join(folder, 'copy');
    cpSync(set, copy, { recursive: true });
    writeFileSync(join(copy, 'images/p000007.png'), 'no image');
    const out = join(folder, 'copy-packed');
    const made = await packDataSet(await openDataSet(`phantom:${copy}`), out, { size: 40 });
    expect(made).toMatchObject({ studies: 59, dropped: { 'the image cannot be read': 1 } });
    expect(made.unreadable[0]).toContain('p000007.png');
    const opened = await openDataSet(`shards:${out}`);
    expect(opened.studies).toHaveLength(59);
    expect(opened.dropped).toEqual(made.dropped);
  });

  test('what is not the set that the manifest lists is refused by name', async () => {
    const other = join(folder, 'other');
    const fresh = () => {
      rmSync(other, { recursive: true, force: true });
      cpSync(packed, other, { recursive: true });
    };
    const edit = (file: string, change: (text: string) => string) => writeFileSync(join(other, file), change(readFileSync(join(other, file), 'utf8')));
    const refused = async (word: string) => {
      await expect(openDataSet(`shards:${other}`)).rejects.toThrow(DataError);
      await expect(openDataSet(`shards:${other}`)).rejects.toThrow(word);
    };
    fresh();
    edit('train-000000.jsonl', (text) => text.replace('lung', 'lunge'));
    await refused('train-000000.jsonl: is not the index');
    fresh();
    truncateSync(join(other, 'train-000000.tar'), 5000);
    await refused('train-000000.tar: has 5000 bytes');
    fresh();
    edit('manifest.json', (text) => text.replace('train-000000.tar', '../packed/train-000000.tar'));
    await refused('lists a shard named');
    edit('manifest.json', () => '{}');
    await refused('is not the manifest');
    edit('manifest.json', () => 'x');
    await refused('is not JSON');
    await expect(openDataSet(`shards:${served.url}/nowhere`)).rejects.toThrow('answers 404');
    await expect(openDataSet('shards:http://127.0.0.1:9/packed')).rejects.toThrow('cannot be fetched');
    await expect(openDataSet(`shards:${set}`)).rejects.toThrow('neither manifest.json nor .tar');
  });
});

describe('an image of a shard that is not the one that was packed', () => {
  const damaged = join(folder, 'damaged');

  test('is noticed as it is read, by every reader, and named; of an index without hashes the checksums of PNG are left', async () => {
    cpSync(packed, damaged, { recursive: true });
    const { studies } = await openDataSet(`shards:${damaged}`);
    const at = studies.findIndex(({ split }) => split === 'train');
    const [file, first] = /^(.+)#bytes=(\d+)-/.exec(studies[at]!.image)!.slice(1) as [string, string];
    const bytes = readFileSync(file);
    bytes[Number(first) + 29]! ^= 1;
    writeFileSync(file, bytes);
    const message = `${file}: the image in bytes ${first} to`;
    await expect(readSquare(studies[at]!.image, 40)).rejects.toThrow(message);
    const options = { tokenizer, image: { resize: 40, size: 32, channels: 1 }, batchSize: 4, train: false, workers: 0 };
    const near = studies.slice(at, at + 4);
    await expect(
      createLoader({ ...options, studies: near })
        .batches()
        .next(),
    ).rejects.toThrow(message);
    const remote = (await openDataSet(`shards:${served.url}/damaged`)).studies[at]!;
    await expect(readSquare(remote.image, 40)).rejects.toThrow('is not the one that was packed; restore the shard or leave the study out');

    const [index, manifest] = [file.replace('.tar', '.jsonl'), join(damaged, 'manifest.json')];
    const [before, without] = [readFileSync(index, 'utf8'), readFileSync(index, 'utf8').replaceAll(/("length":\d+),"sha256":"[0-9a-f]+"/g, '$1')];
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    writeFileSync(index, without);
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(hash(before), hash(without)));
    const old = await openDataSet(`shards:${damaged}`);
    expect(await readSquare(old.studies[at + 1]!.image, 40)).toEqual(await readSquare(studies[at + 1]!.image, 40));
    await expect(readSquare(old.studies[at]!.image, 40)).rejects.toThrow('has a broken IHDR chunk');
  });
});

/** Hashes of a folder's files by name. */
function contents(dir: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(dir)
      .toSorted()
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(dir, name)))
          .digest('hex'),
      ]),
  );
}

describe('packed questions', () => {
  const [asked, shards] = [join(folder, 'vqa'), join(folder, 'vqa-shards')];
  const row = (qid: number, image: string, phrase: string, frame = 'NULL') => ({
    qid,
    phrase_type: phrase,
    image_name: image,
    image_case_url: `case of ${image}`,
    question: `Is question ${qid} here?`,
    question_frame: frame,
    question_type: 'PRES',
    answer: qid % 2 ? 'Yes' : 3,
    answer_type: qid % 2 ? 'CLOSED' : 'OPEN',
  });
  const rows = [row(0, 'a.jpg', 'freeform'), row(1, 'b.jpg', 'para', 'Is/Are it?'), row(2, 'a.jpg', 'test_freeform', 'Is that?'), row(3, 'a.jpg', 'para')];
  const bare = ({ image: _image, imageName: _imageName, ...rest }: Question) => rest;

  beforeAll(async () => {
    write(join(asked, 'VQA_RAD Dataset Public.json'), JSON.stringify([...rows, row(4, 'broken.jpg', 'para'), row(5, 'broken.jpg', 'para')]));
    for (const [i, name] of ['a.jpg', 'b.jpg', 'broken.jpg'].entries())
      await writeImage(join(asked, 'VQA_RAD Image Folder', name), i, { width: 80, height: 96 });
    truncateSync(join(asked, 'VQA_RAD Image Folder', 'broken.jpg'), 300);
  });

  test('are those of the set, in its order, about the same pixels; an image of a split is kept once', async () => {
    const plain = await openDataSet(`vqa-rad:${asked}`, { need: 'questions' });
    const made = await packDataSet(plain, shards, { size: 40, select: { need: 'questions' }, workers: 0 });
    // a.jpg is asked about in training and in testing.
    expect(made).toMatchObject({ studies: 3, questions: 6, dropped: { 'the image cannot be read': 2 }, unreadable: [expect.stringContaining('broken.jpg')] });
    const again = await openDataSet(`shards:${shards}`, { need: 'questions' });
    const readable = plain.questions!.filter(({ image }) => !image.includes('broken'));
    expect(again.questions!.map(bare)).toEqual(readable.map(bare));
    expect(again.questions!.map(({ imageName }) => imageName)).toEqual(readable.map(({ image }) => basename(image)));
    expect(again).toMatchObject({ studies: [], warnings: plain.warnings, splitOrigin: 'published', dropped: { 'the image cannot be read': 2 } });
    for (const [i, { image }] of readable.entries()) expect(await readSquare(again.questions![i]!.image, 40)).toEqual(await readSquare(image, 40));
    expect(await packDataSet(plain, shards, { size: 40, select: { need: 'questions' }, workers: 0 })).toMatchObject({ kept: 2, questions: 6 });
    // The image that both splits ask about is found, though each has a copy of its own.
    expect((await checkDataSet(`shards:${shards}`)).shared).toMatchObject({ images: 1, studies: 1 });
  });

  test('hold questions alone, and a broken index is refused by name', async () => {
    await expect(openDataSet(`shards:${shards}`)).rejects.toThrow('holds questions about images, no image-report pairs');
    const other = join(folder, 'vqa-broken');
    cpSync(shards, other, { recursive: true });
    const [index, manifest] = [join(other, 'train-000000.jsonl'), join(other, 'manifest.json')];
    const text = readFileSync(index, 'utf8').replace('"closed":false', '"closed":0');
    writeFileSync(index, text);
    writeFileSync(
      manifest,
      readFileSync(manifest, 'utf8').replace(/"indexSha256": "[0-9a-f]+"/, `"indexSha256": "${createHash('sha256').update(text).digest('hex')}"`),
    );
    await expect(openDataSet(`shards:${other}`, { need: 'questions' })).rejects.toThrow(
      'train-000000.jsonl: is not the index of a shard (line 2 is incomplete)',
    );
  });
});

describe('shards that others wrote', () => {
  const fixture = join(import.meta.dirname, 'fixtures/webdataset-samples.tar');

  test('by Python’s webdataset: long names, other alphabets, JSON; from disk, as a range of names, over HTTP', async () => {
    const dir = join(folder, 'foreign');
    mkdirSync(dir);
    for (const name of ['a-000.tar', 'a-001.tar']) copyFileSync(fixture, join(dir, name));
    const { studies } = await openDataSet(`shards:${dir}/a-000.tar`);
    expect(studies.map((study) => ({ ...study, image: '' }))).toEqual(
      [0, 1, 2].map((i) => ({
        id: `s${i}`,
        image: '',
        report: `s${i}`,
        patient: `p${i}`,
        findings: `The lungs are clear on film ${i}.`,
        impression: `No acute disease ${i}.`,
        split: i === 0 ? 'validate' : 'train',
        labels: { edema: i % 2 },
        publishedLabels: { edema: i % 2 },
      })),
    );
    const square = await readSquare(studies[1]!.image, 16);
    expect([...square.subarray(32, 36)]).toEqual([0, 2, 4, 6]);
    for (const spec of [`shards:${dir}`, `shards:${dir}/a-{000..001}.tar`, `shards:${served.url}/foreign/a-{000..001}.tar`])
      expect((await openDataSet(spec)).studies, spec).toHaveLength(6);
  });

  test('labels are columns: by the policy, blank where a sample has none, none for one odd value, which is said with its sample', async () => {
    const image = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'grey' } })
      .png()
      .toBuffer();
    const file = join(folder, 'labelled.tar');
    const pack = async (labels: readonly unknown[]) => {
      const members = labels.flatMap((each, i) => [{ name: `k${i}.png`, data: image }, { name: `k${i}.json`, data: Buffer.from(JSON.stringify({ labels: each })) }]); // prettier-ignore
      const archive = tar.pack();
      for (const { name, data } of members) archive.entry({ name }, data);
      archive.finalize();
      const chunks: Buffer[] = [];
      for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk);
      writeFileSync(file, Buffer.concat(chunks));
    };
    const of = async (select: SelectOptions = {}) => {
      const { studies, warnings } = await openDataSet(`shards:${file}`, { need: 'images', ...select });
      return { labels: studies.map((study) => study.labels), warnings };
    };
    await pack([{ edema: 1, mass: 'yes' }, { edema: -1, mass: 1, nodule: true }, {}, { edema: null, mass: '0', nodule: 'nan' }, { mass: 1.0 }]);
    expect(await of()).toEqual({
      labels: [{ edema: 1 }, { nodule: 1 }, {}, {}, {}],
      warnings: [`${file}: column "mass" is no label: sample k0 of ${file} holds "yes", and 3 of 4 cells 1, 0 or -1; mend the cell or leave it blank`],
    });
    expect((await of({ uncertain: 'ones', unmentioned: 'zeros' })).labels[1]).toEqual({ edema: 1, nodule: 1 });
    expect((await of({ uncertain: 'ones', unmentioned: 'zeros' })).labels[2]).toEqual({ edema: 0, nodule: 0 });
    await pack([['edema'], { edema: 0 }, 3]);
    expect((await of()).warnings).toEqual([`${file}: "labels" of 2 samples hold no names with values and are left out (sample k0 of ${file} holds [...])`]);
    await pack([Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`n${i}`, 1]))]);
    await expect(of()).rejects.toThrow('its samples name more than 1000 labels');
  });

  test('broken ones are refused by name; names that lead elsewhere lead nowhere', async () => {
    const bytes = readFileSync(fixture);
    const refused = async (content: Buffer, word: string) => {
      writeFileSync(join(folder, 'broken.tar'), content);
      await expect(openDataSet(`shards:${folder}/broken.tar`)).rejects.toThrow(word);
    };
    await refused(bytes.subarray(0, 700), 'broken.tar');
    await refused(Buffer.concat([Buffer.from('x'), bytes.subarray(1)]), 'broken tar header');
    await refused(Buffer.alloc(1024), 'holds no sample');
    await refused(Buffer.from('not a tar at all'), 'in the middle of a tar header');
    const away = Buffer.from(bytes);
    const header = away.indexOf('studies/', 512);
    away.write('../../../etc/x.png', header, 'latin1');
    writeFileSync(join(folder, 'away.tar'), away);
    await openDataSet(`shards:${folder}/away.tar`).catch((error: unknown) => expect(error).toBeInstanceOf(DataError));
    expect(existsSync(join(folder, '../../../etc/x.png'))).toBe(false);
  });
});
