import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkDataSet, DataError, openDataSet, readGrey, splitOf } from '@hybridmed/data';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from './support.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const shared = join(import.meta.dirname, '../../../../shared/data');
const writeImage = (file: string) =>
  sharp({ create: { width: 20, height: 30, channels: 3, background: '#808080' } })
    .png()
    .toFile(file);

describe.skipIf(!existsSync(join(shared, 'iu_xray')))('Open-I (skipped where shared/data is absent)', () => {
  test('the frontal pairs and their split', async () => {
    const report = await checkDataSet(`openi:${join(shared, 'iu_xray')}`);
    expect(report.splits).toEqual({ train: 2232, validate: 347, test: 623 });
    expect(report).toMatchObject({ reports: 3955, studies: 3331, pairs: 6457, leaks: { patients: 0, studies: 0, images: 0 } });
    expect(Object.values(report.dropped).reduce((a, b) => a + b, 0)).toBeGreaterThan(0);
  });

  test('all views of any length', async () => {
    const { studies, counts } = await openDataSet(`openi:${join(shared, 'iu_xray')}`, { views: 'all', minWords: 1 });
    expect(counts.reports).toBe(3955);
    expect(studies).toHaveLength(6457);
  });
});

describe('Open-I in small', () => {
  const dir = join(folder, 'openi');
  const report = (id: number, findings: string, impression: string, images: readonly string[]) =>
    `<?xml version="1.0"?><eCitation><uId id="CXR${id}"/><MedlineCitation><Article><Abstract><AbstractText Label="FINDINGS">${findings}</AbstractText><AbstractText Label="IMPRESSION">${impression}</AbstractText></Abstract></Article></MedlineCitation>${images.map((image) => `<parentImage id="${image}"/>`).join('')}</eCitation>`;
  beforeAll(async () => {
    mkdirSync(join(dir, 'ecgen-radiology'), { recursive: true });
    const write = (id: number, text: string) => writeFileSync(join(dir, 'ecgen-radiology', `${id}.xml`), text);
    write(1, report(1, 'The lungs are clear.', 'No acute disease seen.', ['CXR1_1']));
    write(2, report(2, '', 'No acute disease.', ['CXR2_1']));
    write(3, report(3, 'The heart is large.', 'Cardiomegaly is present.', ['CXR3_1', 'CXR3_2']));
    write(4, '<eCitation><broken');
    write(5, report(5, 'Clear lungs and sharp angles.', 'Normal chest film.', ['CXR5_missing']));
    for (const name of ['CXR1_1', 'CXR2_1', 'CXR3_1', 'CXR3_2']) await writeImage(join(dir, `${name}.png`));
  });

  test('keeps what is whole, counts what is not', async () => {
    await expect(openDataSet(`openi:${dir}`)).rejects.toThrow('--views all');
    const { studies, dropped, counts } = await openDataSet(`openi:${dir}`, { views: 'all' });
    expect(studies.map(({ id }) => id).toSorted()).toEqual(['CXR1_1', 'CXR3_1', 'CXR3_2'].map((name) => expect.stringContaining(name)));
    expect(counts.reports).toBeGreaterThanOrEqual(4);
    expect(Object.values(dropped).reduce((a, b) => a + b, 0)).toBeGreaterThanOrEqual(2);
  });
});

describe("Open-I's texts", () => {
  const dir = join(folder, 'openi-texts');
  const part = (label: string, text: string) => `<AbstractText Label="${label}">${text}</AbstractText>`;
  const xml = (parts: string, prolog = '<?xml version="1.0" encoding="utf-8"?>') =>
    `${prolog}<eCitation><MedlineCitation><Article><Abstract>${parts}</Abstract></Article></MedlineCitation><parentImage id="CXR1"/></eCitation>`;
  const sectionsOf = async (bytes: string | Buffer, encoding?: string) => {
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, '1.xml'), bytes);
    await writeImage(join(dir, 'CXR1.png'));
    const { studies, dropped } = await openDataSet(`openi:${dir}`, { need: 'images', views: 'all', ...(encoding ? { encoding } : {}) });
    return { ...(studies[0] ? { findings: studies[0].findings, impression: studies[0].impression } : {}), dropped: Object.keys(dropped) };
  };

  test('are whole: markup inside them, numbers, entities, sections that occur twice or are misspelt', async () => {
    const read = async (parts: string) => {
      const { findings, impression } = await sectionsOf(xml(parts));
      return [findings, impression];
    };
    expect(
      await read(
        part('FINDINGS', 'Heart <b>size</b> is <i>nor<u>mal</u></i>.<br/>10 cm<sup>2</sup>.') + part('IMPRESSION', '<p>One.</p><p>Two &amp; three.</p>'),
      ),
    ).toEqual(['Heart size is normal. 10 cm2.', 'One. Two & three.']);
    expect(await read(part('FINDINGS', 'First.') + part('FINDINGS', 'Second.') + part(' Impression: ', '5.0'))).toEqual(['First. Second.', '5.0']);
    expect(await read(part('FINDNGS', '38&#176; &#xE9;') + part('NDICATION', 'Fever.') + part('IMPRESSION', '<![CDATA[a < b]]><!-- no -->'))).toEqual([
      '38° é',
      'a < b',
    ]);
  });

  test('are in the encoding that the file says, or as named; a file in another is left out and counted', async () => {
    const text = part('FINDINGS', 'Épanchement gauche.') + part('IMPRESSION', 'Anomalie aiguë.');
    expect(await sectionsOf(Buffer.from(xml(text, '<?xml version="1.0" encoding="ISO-8859-1"?>'), 'latin1'))).toMatchObject({ impression: 'Anomalie aiguë.' });
    expect(await sectionsOf(Buffer.from(`\ufeff${xml(text, '<?xml version="1.0" encoding="utf-16"?>')}`, 'utf16le'))).toMatchObject({
      impression: 'Anomalie aiguë.',
    });
    const wrong = Buffer.from(xml(text), 'latin1');
    await expect(sectionsOf(wrong)).rejects.toThrow('the report is not in the encoding it says, or UTF-8 (name it with --encoding)');
    expect(await sectionsOf(wrong, 'windows-1252')).toMatchObject({ findings: 'Épanchement gauche.', dropped: [] });
  });
});

describe('csv', () => {
  const write = (name: string, text: string) => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return `csv:${file}`;
  };
  beforeAll(async () => {
    await writeImage(join(folder, 'a.png'));
    await writeImage(join(folder, 'b.png'));
  });

  test('reads columns by name; labels, splits and patients where given', async () => {
    const { studies } = await openDataSet(
      write(
        'good.csv',
        'image,findings,impression,patient,split,edema\na.png,"Lungs, clear of disease",no acute disease,p1,test,0\nb.png,the heart is large,cardiomegaly is seen,p2,train,1\n',
      ),
    );
    expect(studies.map(({ split, patient, labels, findings }) => ({ split, patient, labels, findings }))).toEqual([
      { split: 'test', patient: 'p1', labels: { edema: 0 }, findings: 'Lungs, clear of disease' },
      { split: 'train', patient: 'p2', labels: { edema: 1 }, findings: 'the heart is large' },
    ]);
  });

  test('drops and counts rows that cannot be used', async () => {
    const { studies, dropped } = await openDataSet(
      write(
        'bad.csv',
        'image,findings,impression\na.png,the lungs are clear,no acute disease\n../../etc/passwd,the lungs are clear,no acute disease\nnone.png,the lungs are clear,no acute disease\nb.png,clear,no acute disease\nbroken,row\n',
      ),
    );
    expect(studies).toHaveLength(1);
    expect(Object.keys(dropped)).toEqual(
      expect.arrayContaining([
        expect.stringContaining('leaves the folder'),
        expect.stringContaining('missing'),
        expect.stringContaining('fewer than 3 words'),
        expect.stringContaining('not a row of the table'),
      ]),
    );
  });

  test.each([
    ['no such file', () => `csv:${folder}/none.csv`, 'none.csv: does not exist'],
    ['no column', () => write('columns.csv', 'image,text\na.png,x\n'), 'has no column "findings"'],
    [
      'an unknown split',
      () => write('split.csv', 'image,findings,impression,split\na.png,the lungs are clear,no acute disease,held\n'),
      '"held" is none of train, validate, test',
    ],
    ['nothing left', () => write('empty.csv', 'image,findings,impression\nnone.png,the lungs are clear,no acute disease\n'), 'no study is left'],
    ['an unknown set', () => 'mimic-9:/x', '"mimic-9:/x" names no data set'],
    ['no path', () => 'csv:', 'names no data set'],
  ])('%s is one line', async (_, spec, message) => {
    const error = await openDataSet(spec()).catch((thrown: unknown) => thrown as Error);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toContain('\n');
  });
});

describe('images', () => {
  test('colour and depth become 8-bit grey', async () => {
    const { width, height, pixels } = await readGrey(join(folder, 'a.png'));
    expect([width, height, pixels.length, pixels[0]]).toEqual([20, 30, 600, 128]);
  });

  test('a file that only claims to be DICOM is named', async () => {
    writeFileSync(join(folder, 'x.dcm'), 'nothing');
    await expect(readGrey(join(folder, 'x.dcm'))).rejects.toThrow(/x\.dcm: .*;/);
  });
});

test('splits by hash are those of sha256', () => {
  expect(['1', '2', '3', 'p000001'].map(splitOf)).toEqual(['1', '2', '3', 'p000001'].map(splitOf));
  const shares = { train: 0, validate: 0, test: 0 };
  for (let i = 0; i < 5000; i++) shares[splitOf(String(i))]++;
  expect(shares.train / 5000).toBeCloseTo(0.7, 1);
  expect(shares.validate / 5000).toBeCloseTo(0.1, 1);
});
