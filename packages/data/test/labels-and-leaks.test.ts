import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkDataSet, openDataSet } from '@hybridmed/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { write, writeImage } from './fixtures.ts';
import { temporaryFolder } from './support.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
beforeAll(() => writeImage(join(folder, 'a.png')));

/** A table whose columns hold these cells, row by row. */
const tableOf = (name: string, columns: Readonly<Record<string, readonly string[]>>) => {
  const rows = Object.values(columns)[0]!.map((_, row) => ['a.png', ...Object.values(columns).map((cells) => cells[row])].join(','));
  return `csv:${write(join(folder, name), [['image', ...Object.keys(columns)].join(','), ...rows].join('\n'))}`;
};
const labelsOf = async (spec: string, options: Parameters<typeof openDataSet>[1] = {}) =>
  (await openDataSet(spec, { need: 'images', ...options })).studies.map(({ labels }) => labels);

describe('columns of labels', () => {
  test('hold 1 and 0 however they are written, blanks, and -1 by the policy', async () => {
    const spec = tableOf('odd.csv', {
      Edema: ['1.0', '0.00', 'nan', 'NaN', '', '-1'],
      Cardiomegaly: ['1', '-1.0', 'True', ' FALSE ', 'NA', '0'],
      Fracture: ['-1', 'N/A', '<NA>', 'null', 'None', 'true'],
    });
    expect(await labelsOf(spec)).toEqual([
      { Edema: 1, Cardiomegaly: 1 },
      { Edema: 0, Cardiomegaly: 0 },
      { Cardiomegaly: 1 },
      { Cardiomegaly: 0 },
      {},
      { Edema: 1, Cardiomegaly: 0, Fracture: 1 },
    ]);
    expect((await labelsOf(spec, { uncertain: 'ignore', unmentioned: 'zeros' }))[5]).toEqual({ Cardiomegaly: 0, Fracture: 1 });
    const { labels, warnings } = await checkDataSet(spec);
    expect(Object.keys(labels!)).toEqual(['Edema', 'Cardiomegaly', 'Fracture']);
    expect(Object.values(labels!['Fracture']!).reduce((sum, { uncertain }) => sum + uncertain!, 0)).toBe(1);
    expect(warnings.filter((line) => line.includes('label'))).toEqual([]);
  });

  test('are as many as there are', async () => {
    const names = Array.from({ length: 60 }, (_, i) => `label ${i}`);
    const spec = tableOf('many.csv', Object.fromEntries(names.map((name, i) => [name, ['0', '1'].map((_, row) => String((i >> row) & 1))])));
    expect(await labelsOf(spec)).toEqual([0, 1].map((row) => Object.fromEntries(names.map((name, i) => [name, (i >> row) & 1]))));
  });

  test('have a name: the index of pandas is none, and of two columns of one name the first counts', async () => {
    const spec = `csv:${write(join(folder, 'index.csv'), ',image,Unnamed: 0.1,Unnamed: 0,Edema,Edema\n0,a.png,0,0,1,0\n1,a.png,1,1,0,1\n')}`;
    expect(await labelsOf(spec)).toEqual([{ Edema: 1 }, { Edema: 0 }]);
  });

  test('that nearly are labels are named, with the first cell that is none and its row', async () => {
    const edema = Array.from({ length: 20 }, (_, i) => (i === 13 ? 'see "note"' : String(i % 2)));
    const spec = tableOf('nearly.csv', { Edema: edema, age: edema.map((_, i) => String(i)), note: edema.map((_, i) => (i === 2 ? 'words' : '')) });
    const { warnings, labels } = await checkDataSet(spec);
    expect(labels).toBeUndefined();
    expect(warnings.filter((line) => line.includes('label'))).toEqual([
      `${spec.slice(4)}: column "Edema" is no label: row 15 holds "see \\"note\\"", and 19 of 20 cells 1, 0 or -1; mend the cell or leave it blank`,
    ]);
    const small = await checkDataSet(tableOf('small.csv', { Pneumonia: ['1', '0', '2', '0', ''] }));
    expect(small.warnings).toContainEqual(expect.stringContaining('column "Pneumonia" is no label: row 4 holds "2"'));
  });
});

test('what a split shares is named: patients, studies and images, each with an image of either side', async () => {
  mkdirSync(join(folder, 'shared'));
  const images = ['a.png', 'b.png', 'c.png', 'd.png'].map((name) => join(folder, 'shared', name));
  await writeImage(images[0]!, 1);
  copyFileSync(images[0]!, images[3]!);
  await writeImage(images[1]!, 2);
  await writeImage(images[2]!, 3);
  const rows = ['a.png,p1,s1,train', 'b.png,p2,s2,train', 'c.png,p2,s3,validate', 'd.png,p4,s4,test'];
  const report = await checkDataSet(`csv:${write(join(folder, 'shared', 't.csv'), ['image,patient,study,split', ...rows].join('\n'))}`);
  expect(report.leaks).toEqual({ patients: 1, studies: 0, images: 1 });
  expect(report.sharedExamples).toEqual([`patient p2: train ${images[1]}, validate ${images[2]}`, `image: train ${images[0]}, test ${images[3]}`]);
});

describe('texts', () => {
  test('of which nothing can be seen are empty', async () => {
    const unseen = ['\u0001\u0007\u001f', '\u200b\u2060\ufeff', '\u00a0\u3000', '\u00ad\u034f'];
    const rows = unseen.map((text) => `a.png,"${text}",The impression is here\n`);
    const file = write(join(folder, 'unseen.csv'), `image,findings,impression\n${rows.join('')}a.png,The findings are here,The impression is here\n`);
    const { studies, dropped } = await openDataSet(`csv:${file}`);
    expect([studies.length, dropped['the report lacks findings or impression']]).toEqual([1, 4]);
  });

  test('that lost letters before they came here are counted', async () => {
    const { warnings } = await checkDataSet(
      `csv:${write(join(folder, 'lost.csv'), 'image,findings,impression\na.png,The \ufffddema is here,No change is seen\n')}`,
    );
    expect(warnings).toContainEqual(expect.stringContaining('1 study has the character U+FFFD'));
  });
});

test.each([
  ['mine.csv', 'did you mean csv:mine.csv?'],
  ['/data/mine.TSV.gz', 'did you mean csv:/data/mine.TSV.gz?'],
  ['C:\\data\\mine.jsonl', 'did you mean csv:C:\\data\\mine.jsonl?'],
  ['OpenI:dir', 'did you mean openi:dir?'],
  ['nothing', '"nothing" names no data set; write name:path'],
])('%s is refused: %s', async (spec, message) => {
  await expect(openDataSet(spec)).rejects.toThrow(message);
});
