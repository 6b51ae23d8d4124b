import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DataError, openDataSet, readSplit } from '@hybridmed/data';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeImage, write } from './fixtures.ts';
import { temporaryFolder } from './support.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
beforeAll(() => writeImage(join(folder, 'a.png')));

const texts = async (spec: string, options: Parameters<typeof openDataSet>[1] = {}) =>
  (await openDataSet(spec, { need: 'images', ...options })).studies.map(({ findings, impression }) => [findings, impression]);
const plain = (text: string): string => text.normalize('NFC').replace(/\s+/g, ' ').trim();

describe('a table reads the same', () => {
  const rows = [
    ['a.png', 'The lungs, "clear"', 'No acute\ndisease'],
    ['a.png', 'Ünïcode héart', ''],
  ];
  const expected = rows.map(([, findings, impression]) => [plain(findings!), plain(impression!)]);
  const quoted = (separator: string, end: string) =>
    [['image', 'findings', 'impression'], ...rows].map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(separator) + end).join('');
  const lines = rows.map(([image, findings, impression]) => `${JSON.stringify({ impression, image, findings, other: null })}\n`).join('');

  test.each([
    ['comma.csv', quoted(',', '\n')],
    ['bom.csv', `\uFEFF${quoted(',', '\n')}`],
    ['crlf.csv', quoted(',', '\r\n')],
    ['cr.csv', quoted(',', '\r')],
    ['no-end.csv', quoted(',', '\n').trimEnd()],
    ['empty-lines.csv', quoted(',', '\n\n')],
    ['semicolon.csv', quoted(';', '\n')],
    ['tab.tsv', quoted('\t', '\n')],
    ['tab.csv', quoted('\t', '\n')],
    ['packed.csv.gz', quoted(',', '\n')],
    ['packed-without-saying-so.csv', quoted(',', '\n')],
    ['lines.jsonl', lines],
    ['lines-crlf.jsonl', `\uFEFF${lines.replaceAll('\n', '\r\n')}`],
    ['lines.jsonl.gz', lines],
    ['lines-and-a-deep-one.jsonl', `${lines}{"image":${'['.repeat(1e5)}${']'.repeat(1e5)}}\n`],
  ])('from %s', async (name, text) => {
    const file = write(join(folder, name), text);
    if (name.startsWith('packed-without')) writeFileSync(file, gzipSync(text));
    expect(await texts(`csv:${file}`)).toEqual(expected);
  });

  const french = 'image,findings,impression\na.png,Température 38° — œdème aigu,Pas d’anomalie aiguë\n';
  const read = [['Température 38° — œdème aigu', 'Pas d’anomalie aiguë']];
  const inWindows = Buffer.from(french.replaceAll('—', '\x97').replaceAll('œ', '\x9c').replaceAll('’', '\x92'), 'latin1');

  test.each([
    ['little.csv', Buffer.from(`\ufeff${french}`, 'utf16le')],
    ['big.csv', Buffer.from(`\ufeff${french}`, 'utf16le').swap16()],
    ['without-mark.csv', Buffer.from(french, 'utf16le')],
    ['little.tsv', Buffer.from(`\ufeff${french.replaceAll(',', '\t')}`, 'utf16le')],
    ['packed.csv', gzipSync(Buffer.from(`\ufeff${french}`, 'utf16le'))],
    ['little.jsonl', Buffer.from('\ufeff{"image":"a.png","findings":"Température 38° — œdème aigu","impression":"Pas d’anomalie aiguë"}\r\n', 'utf16le')],
  ])('from %s in UTF-16', async (name, bytes) => {
    writeFileSync(join(folder, name), bytes);
    expect(await texts(`csv:${join(folder, name)}`)).toEqual(read);
  });

  test('from another encoding where it is named; without its name the line is', async () => {
    const file = join(folder, 'windows.csv');
    writeFileSync(file, inWindows);
    await expect(texts(`csv:${file}`)).rejects.toThrow(
      `${file}: line 2 is not UTF-8; save the file as UTF-8, or name its encoding, such as --encoding windows-1252`,
    );
    expect(await texts(`csv:${file}`, { encoding: 'windows-1252' })).toEqual(read);
    await expect(texts(`csv:${file}`, { encoding: 'windows-1252x' })).rejects.toThrow('--encoding windows-1252x: names no encoding');
    await expect(texts(`csv:${file}`, { encoding: 'euc-jp' })).rejects.toThrow('is not euc-jp throughout');
    // A mark says more than a name.
    expect(await texts(`csv:${write(join(folder, 'mark.csv'), `\ufeff${french}`)}`, { encoding: 'windows-1252' })).toEqual(read);
    writeFileSync(file, Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), Buffer.from('image', 'utf16le')]));
    await expect(texts(`csv:${file}`)).rejects.toThrow('is UTF-32; save it as UTF-8');
  });

  test('characters that pieces of a large file cut in two are whole', async () => {
    const cells = Array.from({ length: 9000 }, (_, i) => `a.png,${'é心𠮷'.repeat(20)}${'x'.repeat(i % 7)},${i}\n`);
    const file = write(join(folder, 'large.csv'), `image,findings,id\n${cells.join('')}`);
    const { studies } = await openDataSet(`csv:${file}`, { need: 'images' });
    expect(new Set(studies.map(({ findings }) => findings.replace(/x*$/, '')))).toEqual(new Set(['é心𠮷'.repeat(20)]));
    writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.from([0xc3])]));
    await expect(texts(`csv:${file}`)).rejects.toThrow('line 9002 is not UTF-8');
  });

  test('whatever the columns are called and however they stand', async () => {
    const file = write(join(folder, 'named.csv'), 'Note, Report ,film\nx,"the heart is large",a.png\n');
    expect(await texts(`csv:${file}`, { columns: { image: 'film', findings: 'Report' } })).toEqual([['the heart is large', '']]);
    expect(
      await texts(`csv:${write(join(folder, 'case.csv'), 'IMAGE,Findings,iMpression\na.png,the heart is large,no\n')}`, { need: 'pairs', minWords: 1 }),
    ).toEqual([['the heart is large', 'no']]);
    await expect(openDataSet(`csv:${file}`, { columns: { image: 'picture' } })).rejects.toThrow(
      'has no column "picture"; its columns are Note, Report, film; name it with --columns image=NAME',
    );
    await expect(openDataSet(`csv:${file}`, { columns: { image: 'film' } })).rejects.toThrow(
      'has no column "findings"; its columns are Note, Report, film; name it with --columns findings=NAME',
    );
  });
});

test('CSV is read as csv-parse reads it, wherever the bytes are cut into pieces', async () => {
  const cell = fc.oneof(fc.string({ unit: fc.constantFrom('a', 'b', ',', '"', '\n', '\r\n', ' ', 'é', '漢') }), fc.string());
  const file = join(folder, 'random.csv');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 8 }), fc.boolean(), fc.nat(400_000), async (cells, pack, padding) => {
      const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
      // A long cell first moves the rest over the border between two pieces.
      const all = [['x'.repeat(padding), ''], ...cells];
      const text = `image,findings,impression\n${all.map((row) => `a.png,${row.map(quoted).join(',')}\n`).join('')}`;
      writeFileSync(file, pack ? gzipSync(text, { level: 1 }) : text);
      const expected = parse(text, { columns: true }).map((row) => [
        plain((row as Record<string, string>)['findings']!),
        plain((row as Record<string, string>)['impression']!),
      ]);
      expect(await texts(`csv:${file}`)).toEqual(expected);
    }),
    { numRuns: 150, seed: 11 },
  );
});

describe('what is no table is refused in one line', () => {
  test.each([
    ['empty.csv', '', 'is empty'],
    ['no-image.csv', 'picture,text\na.png,x\n', 'has no column "image"'],
    ['nothing.jsonl', 'nothing\n', 'holds no JSON object'],
    ['unclosed.csv', `image,findings\na.png,"${'never closed '.repeat(1_500_000)}`, 'a quote is not closed'],
  ])('%s', async (name, text, message) => {
    const error = await openDataSet(`csv:${write(join(folder, name), text)}`, { need: 'images' }).catch((thrown: unknown) => thrown as Error);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toContain('\n');
    expect((error as Error).name).toBe('DataError');
  });

  test('a gzip file that inflates beyond reason, and one that is cut', async () => {
    const bomb = write(join(folder, 'bomb.csv.gz'), `image\n${'\n'.repeat(150 << 20)}`);
    await expect(openDataSet(`csv:${bomb}`, { need: 'images' })).rejects.toThrow('inflates to more than 200 times its size');
    const cut = write(join(folder, 'cut.csv.gz'), `image\n${Array.from({ length: 5000 }, (_, i) => `a.png${i}\n`).join('')}`);
    writeFileSync(cut, readFileSync(cut).subarray(0, -40));
    await expect(openDataSet(`csv:${cut}`, { need: 'images' })).rejects.toThrow(/cut\.csv\.gz: .*;/);
  });
});

test('a table of which no row is left says why, whatever is looked for', async () => {
  const file = join(folder, 'left.csv');
  const open = (rows: string) => {
    writeFileSync(file, `image,findings,impression,effusion\n${rows}`);
    return openDataSet(`csv:${file}`, { need: 'labels' });
  };
  await expect(open('')).rejects.toThrow('no study is left (its tables have no rows)');
  await expect(open('../../a.png,one two three,four five six,1\n')).rejects.toThrow('no study is left (1: the image path leaves the folder)');
});

test('a pipe or a device in place of a file is refused, not waited for', async () => {
  const pipe = join(folder, 'pipe.csv');
  execFileSync('mkfifo', [pipe]);
  const archive = join(folder, 'pipe.tar');
  execFileSync('mkfifo', [archive]);
  for (const spec of [`csv:${pipe}`, `r2gen:${pipe}`, `shards:${archive}`])
    await expect(openDataSet(spec), spec).rejects.toThrow(/pipe\.\w+: is no regular file; name a file$/);
  for (const name of ['chexpert', 'mimic', 'mimic-5x200', 'vqa-rad', 'vqa-med', 'openi', 'rsna', 'dicom', 'phantom'])
    for (const path of [pipe, write(join(folder, 'file'), 'x'), '/dev/null']) await expect(openDataSet(`${name}:${path}`), name).rejects.toThrow(DataError);
  await expect(openDataSet(`chexpert:${folder}/file`)).rejects.toThrow(`${folder}/file: is not a folder; check the path`);
  await expect(readSplit(pipe)).rejects.toThrow('is no regular file');
  await expect(openDataSet('csv:/dev/zero')).rejects.toThrow('/dev/zero: is no regular file');
});
