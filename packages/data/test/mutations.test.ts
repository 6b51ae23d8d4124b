// Files as strangers may send them: valid ones with random changes. Each is read, or refused with a DataError; nothing leaves the folder.
// HYBRIDMED_MUTATIONS=10000 runs as many of each format.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openDataSet, readMimicReport, readSplit } from '@hybridmed/data';
import fc from 'fast-check';
import tar from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chexpertHeader, csv, writeImage, write, writeMimic } from './fixtures.ts';
import { withinBounds } from '../../../tools/support/mutations.ts';
import { temporaryFolder } from './support.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const runs = Number(process.env['HYBRIDMED_MUTATIONS'] ?? 60);
const corpus = join(import.meta.dirname, 'corpus');

type Change = { kind: 'flip' | 'cut' | 'repeat' | 'swap' | 'insert'; at: number; to: number; bytes: Uint8Array };

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('flip', 'cut', 'repeat', 'swap', 'insert'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  to: fc.double({ min: 0, max: 1, noNaN: true }),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 6 }),
    fc.constantFrom('"', '\r\n', ',', '\0', '../../../etc/passwd', '/etc/passwd', '{"', '}]', '\\u0000', '<!DOCTYPE a [<!ENTITY b "c">]>', '&#x110000;', '__proto__', '-1e999', 'NaN').map((text) => Buffer.from(text)), // prettier-ignore
  ),
});

function changed(data: Buffer, { kind, at, to, bytes }: Change): Buffer {
  const [a, b] = [Math.floor(at * data.length), Math.floor(to * data.length)];
  const [low, high] = [Math.min(a, b), Math.max(a, b)];
  if (kind === 'cut') return Buffer.concat([data.subarray(0, low), data.subarray(high)]);
  if (kind === 'repeat') return Buffer.concat([data.subarray(0, high), data.subarray(low)]);
  if (kind === 'insert') return Buffer.concat([data.subarray(0, a), bytes, data.subarray(a)]);
  const copy = Buffer.from(data);
  if (kind === 'flip') bytes.forEach((byte, i) => a + i < copy.length && (copy[a + i]! ^= byte));
  else {
    const size = Math.min(8, data.length - high);
    copy.set(data.subarray(high, high + size), low);
    copy.set(data.subarray(low, low + size), high);
  }
  return copy;
}

/** Opens a set for what it is for; a refusal must be a DataError of one line, and images must stand in the folder. */
async function open(spec: string): Promise<void> {
  for (const need of spec.startsWith('vqa') ? (['questions'] as const) : (['images', 'pairs'] as const)) {
    await withinBounds(async () => {
      const { studies, questions = [] } = await openDataSet(spec, { need, views: 'all', index: false });
      for (const { image } of [...studies, ...questions]) expect(relative(folder, image).startsWith('..'), image).toBe(false);
    });
  }
}

const xml =
  '<?xml version="1.0"?><eCitation><uId id="CXR1"/><MeSH><major>normal</major></MeSH><MedlineCitation><Article><Abstract><AbstractText Label="FINDINGS">The lungs are clear &amp; sharp.</AbstractText><AbstractText Label="IMPRESSION">No acute disease seen.</AbstractText></Abstract></Article></MedlineCitation><parentImage id="CXR1_1"/></eCitation>';
const questions = JSON.stringify([{ qid: 1, phrase_type: 'test_para', image_name: 'a.png', question: 'Is "it"?', question_frame: 'Is/Are it?', answer: 4, answer_type: 'OPEN' }, { qid: 2, image_name: 'a.png', question: 'What?', answer: 'x' }]); // prettier-ignore
const annotation = JSON.stringify({ train: [{ id: 'a', report: 'The lungs are clear.', image_path: ['a.png'] }], test: [{ id: 'b', findings: 'x y z', impression: 'x y z', image_path: 'a.png', split: 'test' }] }); // prettier-ignore
const table = csv(['id', 'image', 'patient', 'split', 'findings', 'impression', 'edema'], ['1', 'a.png', 'p1', 'train', 'The "lungs",\nare clear', 'no acute disease', 1], ['2', 'a.png', 'p2', 'test', 'the heart is large', 'cardiomegaly is seen', 0]); // prettier-ignore
const metadata = 'dicom_id,subject_id,study_id,ViewPosition\naa-1,10000001,50000001,PA\nbb-1,10000002,50000003,\n';

const packed = (name: string, text: string): Promise<Buffer> =>
  new Promise((resolve) => {
    const pack = tar.pack();
    const chunks: Buffer[] = [];
    pack.on('data', (chunk) => chunks.push(chunk as Buffer)).on('end', () => resolve(Buffer.concat(chunks)));
    pack.entry({ name }, text);
    pack.finalize();
  });

/** A format: a valid file, where it stands, and how it is opened. */
interface Format {
  readonly file: string;
  readonly data: Buffer;
  open(path: string): Promise<void>;
}

const inFolder = (path: string): string => path.slice(0, -basename(path).length - 1);
const formats: Record<string, Format> = {
  csv: { file: 'csv/set.csv', data: Buffer.from(table), open: (path) => open(`csv:${path}`) },
  'csv.gz': { file: 'gz/set.csv.gz', data: gzipSync(table), open: (path) => open(`csv:${path}`) },
  'json lines': {
    file: 'lines/set.jsonl',
    data: Buffer.from('{"image":"a.png","findings":"the lungs are clear","impression":"no acute disease","edema":1}\n{"image":"a.png","id":7}\n'),
    open: (path) => open(`csv:${path}`),
  },
  'json of questions': { file: 'vqa/VQA_RAD Dataset Public.json', data: Buffer.from(questions), open: (path) => open(`vqa-rad:${path}`) },
  'json of reports': { file: 'r2gen/annotation.json', data: Buffer.from(annotation), open: (path) => open(`r2gen:${path}`) },
  xml: { file: 'openi/ecgen-radiology/1.xml', data: Buffer.from(xml), open: (path) => open(`openi:${inFolder(inFolder(path))}`) },
  'lines of questions': {
    file: 'med/VQAMed2019_Test_Questions_w_Ref_Answers.txt',
    data: Buffer.from('a|plane|what plane is this?|axial (late)#coronal\na|organ|what?|lung\n'),
    open: (path) => open(`vqa-med:${inFolder(path)}`),
  },
  'rsna labels': {
    file: 'rsna/stage_2_train_labels.csv',
    data: Buffer.from('patientId,x,y,width,height,Target\na,1,2,3,4,1\na,5,6,7,8,1\nb,,,,,0\n'),
    open: (path) => open(`rsna:${inFolder(path)}`),
  },
  'chexpert labels': {
    file: 'chexpert/train.csv',
    data: Buffer.from(`${chexpertHeader}C/train/patient00001/study1/view1_frontal.jpg,M,6,Frontal,AP,${',1.0,-1.0,0.0'.repeat(4)},\n`),
    open: (path) => open(`chexpert:${inFolder(path)}`),
  },
  'mimic metadata': { file: 'mimic/mimic-cxr-2.0.0-metadata.csv', data: Buffer.from(metadata), open: (path) => open(`mimic:${inFolder(path)}`) },
  'mimic report': {
    file: 'mimic-text/files/p10/p10000001/s50000001.txt',
    data: Buffer.from(' FINAL REPORT\n FINDINGS:  Clear.\n \n IMPRESSION: \n \n Normal.\n'),
    open: async (path) => {
      readMimicReport(readFileSync(path, 'utf8'), 's50000001');
      await open(`mimic:${join(folder, 'mimic-text')}`);
    },
  },
  'split ids': {
    file: 'split/ids.csv',
    data: Buffer.from('patient,split\np1,train\np2,test\n'),
    open: async (path) => {
      await withinBounds(() => readSplit(path));
    },
  },
};

beforeAll(async () => {
  for (const place of ['csv', 'gz', 'lines', 'vqa', 'vqa/images', 'r2gen', 'openi', 'med', 'rsna', 'tar']) await writeImage(join(folder, place, 'a.png'));
  await writeImage(join(folder, 'openi', 'CXR1_1.png'));
  await writeMimic(join(folder, 'mimic'));
  await writeMimic(join(folder, 'mimic-text'));
  const archive = { file: 'tar/NLMCXR_reports.tgz', open: (path: string) => open(`openi:${inFolder(path)}`) };
  formats['tar.gz'] = { ...archive, data: gzipSync(await packed('ecgen-radiology/1.xml', xml)) };
  formats['tar'] = { ...archive, data: await packed('ecgen-radiology/1.xml', xml), open: async (path) => {
    writeFileSync(path, gzipSync(readFileSync(path)));
    await archive.open(path);
  } }; // prettier-ignore
});

describe('random changes', () => {
  test.each([...Object.keys(formats), 'tar.gz', 'tar'])('of %s', { timeout: 30_000 + 300 * runs }, async (name) => {
    const { file, data, open: openFile } = formats[name]!;
    const path = join(folder, file);
    mkdirSync(inFolder(path), { recursive: true });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        writeFileSync(path, changes.reduce(changed, data));
        await openFile(path);
      }),
      { numRuns: runs, seed: 20_241 },
    );
    writeFileSync(path, data);
  });
});

describe('files that were, or could have been, trouble', () => {
  test.each(readdirSync(corpus))('%s', async (name) => {
    // Named after the format: `csv--what-is-wrong`.
    const { file, open: openFile } = formats[name.split('--')[0]!.replaceAll('_', ' ')]!;
    await openFile(write(join(folder, file), readFileSync(join(corpus, name), 'utf8')));
  });

  test('a small file that says it is large, and one that is', async () => {
    await open(`csv:${write(join(folder, 'wide.csv'), `image${',x'.repeat(300_000)}\na.png${',1'.repeat(300_000)}\n`)}`);
    await open(`vqa-rad:${write(join(folder, 'deep', 'deep.json'), `[${'{"a":['.repeat(100_000)}`)}`);
    await open(`r2gen:${write(join(folder, 'deep', 'object.json'), `{"train":[{"a":"${'x'.repeat(6 << 20)}"}]}`)}`);
    const expected = Array.from({ length: 20 }, (_, i) => `<!ENTITY a${i + 1} "${`&a${i};`.repeat(10)}">`).join('');
    write(join(folder, 'bomb/ecgen-radiology/1.xml'), `<?xml version="1.0"?><!DOCTYPE e [<!ENTITY a0 "ha">${expected}]><eCitation>&a20;</eCitation>`);
    await open(`openi:${join(folder, 'bomb')}`);
  });
});
