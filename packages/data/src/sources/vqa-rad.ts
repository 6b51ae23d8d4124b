// VQA-RAD from its public JSON alone [Lau et al., Sci Data 2018]: 3,064 training and 451 test questions in the published layout.
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { existsSync, statSync } from 'node:fs';
import { DataError } from '@hybridmed/images/errors';
import { jsonObjects } from '../files/json.ts';
import { pathInside } from '../files/path-inside.ts';
import type { Candidate, Question } from '../study.ts';
import { normalizeText } from '../text.ts';
import { imagesIn } from './images.ts';
import type { SourceData } from './source.ts';
import { Drops } from './source.ts';

type Row = Readonly<Record<string, unknown>>;

const tableNames = ['VQA_RAD Dataset Public.json', 'VQA_RAD_Dataset_Public.json'];
const imageFolders = ['VQA_RAD Image Folder', 'VQA_RAD_Image_Folder', 'images', '.'];

async function findTable(path: string): Promise<string> {
  if (!existsSync(path)) throw new DataError(`${path}: does not exist; check the path`);
  if (statSync(path).isFile()) return path;
  const table = tableNames.map((name) => join(path, name)).find(existsSync) ?? (await onlyJson(path));
  if (!table) throw new DataError(`${path}: holds no "${tableNames[0]}"; name the folder or the file that does`);
  return table;
}

async function onlyJson(folder: string): Promise<string | undefined> {
  const files = (await readdir(folder)).filter((name) => /\.json$/i.test(name));
  return files.length === 1 ? join(folder, files[0]!) : undefined;
}

/** A value of the table as text; the set writes NULL, or nothing, where there is none. Some answers are numbers. */
function textOf(value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? normalizeText(String(value)) : '';
  return text.toUpperCase() === 'NULL' ? '' : text;
}

/**
 * Reads the set. Test questions are the rows whose phrase_type begins with `test`. Training questions are all other rows, and every row's
 * `question_frame` that is not NULL: the usual 3,064. Frames of test rows are among these, as published; a warning counts them.
 */
export async function readVqaRad(path: string): Promise<SourceData> {
  const table = await findTable(path);
  const folder = statSync(path).isFile() ? dirname(path) : path;
  const images = imagesIn(folder, imageFolders);
  const drops = new Drops();
  const questions: Candidate<Question>[] = [];
  const ids = new Set<string>();
  let [rows, framesOfTest] = [0, 0];
  const add = (row: Row, id: string, question: string, split: 'train' | 'test') => {
    const name = textOf(row['image_name']);
    const answer = textOf(row['answer']);
    if (question === '' || answer === '' || name === '' || pathInside('/', name) === undefined)
      return drops.add('the row lacks a question, an answer or an image');
    if (ids.has(id)) return drops.add('the id is used twice');
    ids.add(id);
    const [study, category] = [textOf(row['image_case_url']), textOf(row['question_type'])];
    const image = images.get(name);
    questions.push({
      id,
      image: image ?? join(folder, imageFolders[0]!, name),
      ...(study ? { study } : {}),
      question,
      answers: [answer],
      closed: textOf(row['answer_type']).toUpperCase() === 'CLOSED',
      ...(category ? { category } : {}),
      split,
      ...(image ? {} : { absent: true as const }),
    });
    return undefined;
  };
  for await (const { value: row } of jsonObjects(table)) {
    rows++;
    const id = textOf(row['qid']) || `row ${rows}`;
    const isTest = /^test/i.test(textOf(row['phrase_type']));
    add(row, id, textOf(row['question']), isTest ? 'test' : 'train');
    const frame = textOf(row['question_frame']);
    if (frame === '') continue;
    if (isTest) framesOfTest++;
    add(row, `${id}-frame`, frame, 'train');
  }
  return {
    studies: [],
    questions,
    offers: ['questions'],
    counts: { rows, questions: questions.length, images: images.size },
    dropped: drops.counts(),
    splitOrigin: 'published',
    warnings: framesOfTest > 0 ? [`${framesOfTest} training questions are the frames of test rows, with their answers; they are kept, as published`] : [],
  };
}
