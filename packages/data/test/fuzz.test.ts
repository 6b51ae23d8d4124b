// Files that lie: every mutation of every format is read, or refused by a DataError of one line, in bounded time and memory.
// HYBRIDMED_MUTATIONS=10000 npx vitest run packages/data/test/fuzz.test.ts --testTimeout=1000000 takes some minutes; by default each format has fewer.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeGrey, openDataSet, packDataSet, readSquare } from '@hybridmed/data';
import { writePhantoms } from '@hybridmed/phantoms';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withinBounds } from '../../../tools/support/mutations.ts';
import { temporaryFolder } from './support.ts';

const runs = Number(process.env.HYBRIDMED_MUTATIONS ?? 40);
const { folder, remove } = temporaryFolder();
afterAll(remove);

/** A change of a file: of bytes, of a number in a header, of its length. Positions are fractions of the file. */
type Mutation =
  | { readonly kind: 'byte'; readonly at: number; readonly value: number }
  | { readonly kind: 'word'; readonly at: number; readonly value: number; readonly big: boolean }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'move'; readonly at: number; readonly to: number; readonly length: number };

// Even over the file: fast-check's own numbers crowd near zero.
const fraction = fc.noBias(fc.nat(0xffff)).map((x) => x / 0xffff);
// Half of all changes hit the first bytes, where the headers are.
const place = fc.oneof(
  fraction.map((x) => x * x * x * 0.3),
  fraction,
);
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('byte' as const), at: place, value: fc.nat(255) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('word' as const),
      at: place,
      value: fc.constantFrom(0, 1, 0xff, 0x7fff, 0xea60, 0xffff, 0x7fffffff, 0xffffffff),
      big: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), at: fraction }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('move' as const), at: place, to: place, length: fc.nat(64) }) },
);

function mutated(original: Uint8Array, mutations: readonly Mutation[]): Buffer {
  let bytes = Buffer.from(original);
  for (const change of mutations) {
    const at = Math.min(bytes.length - 1, Math.floor(change.at * bytes.length));
    if (bytes.length < 8) break;
    if (change.kind === 'byte') bytes[at] = change.value;
    else if (change.kind === 'cut') bytes = bytes.subarray(0, at);
    else if (change.kind === 'move') bytes.copy(bytes, Math.floor(change.to * (bytes.length - 1)), at, at + change.length);
    else {
      const [wide, from] = [change.value > 0xffff, Math.min(at, bytes.length - 4)];
      if (wide && change.big) bytes.writeUInt32BE(change.value, from);
      else if (wide) bytes.writeUInt32LE(change.value, from);
      else if (change.big) bytes.writeUInt16BE(change.value, from);
      else bytes.writeUInt16LE(change.value, from);
    }
  }
  return bytes;
}

// What one image may take at most, as the limits of image files say.
const holds = (work: () => Promise<unknown>): Promise<void> => withinBounds(work, 300);

async function fuzz(original: Uint8Array, work: (bytes: Buffer) => Promise<unknown>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => holds(() => work(mutated(original, mutations)))),
    { numRuns: runs, seed: 5 },
  );
  expect(process.memoryUsage.rss()).toBeLessThan(2 ** 30);
  // Nothing that came before may keep a sound file from being read.
  await work(Buffer.from(original));
}

const cases = JSON.parse(readFileSync(join(import.meta.dirname, '../../images/test/fixtures/dicom-cases.json'), 'utf8')) as { name: string; file: string }[];
const dicom = (name: string) => Buffer.from(cases.find((entry) => entry.name === name)!.file, 'base64');
const gradient = (channels: 1 | 3) =>
  sharp(
    Uint8Array.from({ length: 40 * 30 * channels }, (_, i) => (i * 7) % 256),
    { raw: { width: 40, height: 30, channels } },
  );

describe('images', () => {
  test.each([
    ['PNG, grey', () => gradient(1).toColourspace('b-w').png().toBuffer()],
    ['PNG, colour', () => gradient(3).png().toBuffer()],
    ['PNG, interlaced', () => gradient(1).png({ progressive: true }).toBuffer()],
    ['PNG, 16 bits', () => gradient(1).toColourspace('grey16').png().toBuffer()],
    ['JPEG, grey', () => gradient(1).toColourspace('b-w').jpeg().toBuffer()],
    ['JPEG, colour', () => gradient(3).jpeg().toBuffer()],
    ['JPEG, progressive', () => gradient(3).jpeg({ progressive: true }).toBuffer()],
  ])('%s', async (_, make) => {
    await fuzz(await make(), (bytes) => decodeGrey(bytes, 'x'));
  });

  test('JPEG at a fraction of its size', async () => {
    const file = join(folder, 'fuzzed.jpg');
    await fuzz(await gradient(3).jpeg().toBuffer(), (bytes) => {
      writeFileSync(file, bytes);
      return readSquare(file, 8);
    });
  });
});

describe('DICOM', () => {
  test.each([
    'explicit, first VOI table as US, window left aside',
    'implicit, both tables as OW, MONOCHROME1',
    'big-endian, 12 bits',
    'deflated, 12 bits',
    'no preamble',
    'RLE, 12 bits, signed',
    'JPEG baseline in two fragments, MONOCHROME1',
    'JPEG lossless, 12 bits, signed',
    'JPEG-LS, 12 bits, unsigned',
    'JPEG 2000 lossless, 12 bits, unsigned',
    'two frames in three fragments each with an offset table',
  ])('%s', async (name) => {
    await fuzz(dicom(name), (bytes) => decodeGrey(bytes, 'x'));
  });
});

describe('what once took too much, or might, is refused in no time, however often', () => {
  const kept = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/regressions.json'), 'utf8')) as { name: string; file: string }[];
  test.each(kept)('$name', async ({ file }) => {
    const start = performance.now();
    for (let i = 0; i < 100; i++) await holds(() => decodeGrey(Buffer.from(file, 'base64'), 'x'));
    expect(performance.now() - start).toBeLessThan(20_000);
    expect(process.memoryUsage.rss()).toBeLessThan(2 ** 30);
    for (const name of ['JPEG 2000 lossless, 12 bits, unsigned', 'JPEG-LS, 12 bits, unsigned']) await decodeGrey(dicom(name), name);
  });
});

describe('shards', () => {
  const packed = join(folder, 'packed');
  beforeAll(async () => {
    await writePhantoms(join(folder, 'set'), { studies: 12, size: 32 });
    await packDataSet(await openDataSet(`phantom:${folder}/set`), packed, { size: 16, workers: 0 });
  });
  const everything = async (spec: string) => {
    const { studies } = await openDataSet(spec, { need: 'images', views: 'all' });
    for (const { image } of studies) await holds(() => readSquare(image, 16));
  };

  test('tar of Python’s webdataset', async () => {
    const file = join(folder, 'fuzzed.tar');
    await fuzz(readFileSync(join(import.meta.dirname, 'fixtures/webdataset-samples.tar')), (bytes) => {
      writeFileSync(file, bytes);
      return everything(`shards:${file}`);
    });
  });

  test.each(['manifest.json', 'train-000000.jsonl', 'train-000000.tar'])('%s of a packed set', async (name) => {
    const [file, original] = [join(packed, name), readFileSync(join(packed, name))];
    await fuzz(original, (bytes) => {
      writeFileSync(file, bytes);
      return everything(`shards:${packed}`);
    });
    writeFileSync(file, original);
  });

  test('nothing is written outside', () => {
    expect(readdirSync(folder).toSorted()).toEqual(['fuzzed.jpg', 'fuzzed.tar', 'packed', 'set']);
  });
});
