// VQA-Med 2019 [Ben Abacha et al., CLEF 2019]: text files of `image|question|answer`, categories in files of their own or as a field.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DataError } from '@hybridmed/images/errors';
import { textLines } from '../files/chunks.ts';
import { pathInside } from '../files/path-inside.ts';
import type { Candidate, Question, Split } from '../study.ts';
import { normalizeText } from '../text.ts';
import { byStem, imagesIn } from './images.ts';
import type { SourceData } from './source.ts';
import { Drops } from './source.ts';

interface Part {
  readonly split: Split;
  /** Question files, the first that is there. */
  readonly files: readonly string[];
  readonly images: readonly string[];
}

const parts: readonly Part[] = [
  { split: 'train', files: ['All_QA_Pairs_train.txt'], images: ['Train_images'] },
  { split: 'validate', files: ['All_QA_Pairs_val.txt'], images: ['Val_images'] },
  { split: 'test', files: ['VQAMed2019_Test_Questions_w_Ref_Answers.txt', 'VQAMed2019_Test_Questions.txt'], images: ['VQAMed2019_Test_Images', 'Test_Images'] },
];

/** The folder, and folders inside it two deep. */
async function foldersOf(folder: string): Promise<string[]> {
  const inside = async (place: string) =>
    (await readdir(place, { withFileTypes: true })).flatMap((entry) => (entry.isDirectory() ? [join(place, entry.name)] : [])).toSorted();
  const first = await inside(folder);
  return [folder, ...first, ...(await Promise.all(first.map(inside))).flat()];
}

/**
 * Any of an answer's alternatives is right: those between `#`, and each without what stands in parentheses, which may be left out. The
 * first is the answer as published up to the first `#`.
 */
export function alternatives(answer: string): string[] {
  const forms = answer.split('#').map(normalizeText).filter(Boolean);
  const shorter = forms.flatMap((text) =>
    /\(.*\)/.test(text) ? [normalizeText(text.replace(/[()]/g, ' ')), normalizeText(text.replace(/\([^()]*\)/g, ' '))].filter(Boolean) : [],
  );
  return [...new Set([...forms, ...shorter])];
}

const key = (image: string, question: string): string => `${image}|${question}`;

/** Categories by image and question, from files named `C1_Modality_train.txt`. */
async function readCategories(folder: string): Promise<Map<string, string>> {
  const categories = new Map<string, string>();
  const place = join(folder, 'QAPairsByCategory');
  if (!existsSync(place)) return categories;
  for (const file of (await readdir(place)).toSorted()) {
    const category = /^C\d_([A-Za-z]+)_.*\.txt$/.exec(file)?.[1]?.toLowerCase();
    if (category === undefined) continue;
    for await (const line of textLines(join(place, file))) {
      const [image, question] = line.split('|');
      if (image !== undefined && question !== undefined) categories.set(key(image.trim(), normalizeText(question)), category);
    }
  }
  return categories;
}

async function readPart(
  file: string,
  { split, images: places }: Part,
  folder: string,
  drops: Drops,
): Promise<{ questions: Candidate<Question>[]; images: number }> {
  const images = byStem(imagesIn(folder, places));
  const categories = await readCategories(folder);
  const withCategory = basename(file).includes('Ref_Answers');
  const questions: Candidate<Question>[] = [];
  let line = 0;
  for await (const text of textLines(file)) {
    line++;
    const fields = text.split('|').map((field) => field.trim());
    const name = fields[0]!;
    const [category, question, answer] = withCategory ? fields.slice(1) : [undefined, fields[1], fields[2]];
    if (name === '' || pathInside('/', name) === undefined || !question || fields.length > (withCategory ? 4 : 3)) {
      drops.add('the line is not image|question|answer');
      continue;
    }
    const answers = alternatives(answer ?? '');
    const known = category?.toLowerCase() ?? categories.get(key(name, normalizeText(question)));
    const image = images.get(name);
    questions.push({
      id: `${split}-${line}`,
      image: image ?? join(folder, places[0]!, `${name}.jpg`),
      study: name,
      question: normalizeText(question),
      answers,
      closed: /^\W*(?:yes|no)\W*$/i.test(answers[0] ?? ''),
      ...(known ? { category: known } : {}),
      split,
      ...(image ? {} : { absent: true as const }),
    });
  }
  return { questions, images: images.size };
}

/** Reads the parts that are there. A question is closed where its answer is yes or no: the set does not say. */
export async function readVqaMed(folder: string): Promise<SourceData> {
  if (!existsSync(folder)) throw new DataError(`${folder}: does not exist; check the path`);
  const drops = new Drops();
  const folders = await foldersOf(folder);
  const questions: Candidate<Question>[] = [];
  const warnings: string[] = [];
  let images = 0;
  for (const part of parts) {
    const file = part.files.flatMap((name) => folders.map((place) => join(place, name))).find(existsSync);
    if (file === undefined) continue;
    const read = await readPart(file, part, file.slice(0, -basename(file).length - 1), drops);
    if (read.questions.some(({ answers }) => answers.length === 0)) warnings.push(`${file}: holds questions without answers`);
    questions.push(...read.questions);
    images += read.images;
  }
  if (questions.length === 0) throw new DataError(`${folder}: holds no ${parts.map(({ files }) => files[0]).join(', ')}; name the folder that does`);
  return {
    studies: [],
    questions,
    offers: ['questions'],
    counts: { rows: questions.length, questions: questions.length, images },
    dropped: drops.counts(),
    splitOrigin: 'published',
    warnings,
  };
}
