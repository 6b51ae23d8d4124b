// A published tokenizer: a tokenizer.json, a vocab.txt, or a folder with one.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Tokenizer } from '@hybridmed/text';
import { tokenizerFromJson, tokenizerFromVocab } from '@hybridmed/text';
import { describeError, fileError, isFolder, readJson } from '../files.ts';

/** The file of a path: a folder's tokenizer.json, else its vocab.txt. */
async function vocabularyFile(path: string): Promise<string> {
  if (!(await isFolder(path))) return path;
  const file = ['tokenizer.json', 'vocab.txt'].map((name) => join(path, name)).find((name) => existsSync(name));
  if (file === undefined) throw fileError(path, 'holds no tokenizer.json and no vocab.txt', 'give --vocabulary one of these');
  return file;
}

/** A published tokenizer: a tokenizer.json, a vocab.txt, or a folder with one. Throws one line that names the file. */
export async function readTokenizer(path: string): Promise<Tokenizer> {
  const file = await vocabularyFile(path);
  const json = file.endsWith('.json') ? await readJson(file) : undefined;
  const text = json === undefined ? await readText(file) : '';
  try {
    return json === undefined ? tokenizerFromVocab(text, { lowercase: await lowercases(file, text) }) : tokenizerFromJson(json);
  } catch (error) {
    throw fileError(file, (error as Error).message, 'give --vocabulary a vocab.txt, a tokenizer.json or a size');
  }
}

const readText = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((error: unknown) => {
    throw describeError(file, error);
  });

/** What tokenizer_config.json beside a published vocab.txt says; else a vocabulary with capitals outside its special tokens is for texts as they are. */
async function lowercases(file: string, text: string): Promise<boolean> {
  const beside = join(dirname(file), 'tokenizer_config.json');
  const stated =
    basename(file) === 'vocab.txt' && existsSync(beside) ? ((await readJson(beside)) as { do_lower_case?: unknown } | null)?.do_lower_case : undefined;
  return typeof stated === 'boolean' ? stated : !/^(?:##)?[a-z]*[A-Z]/m.test(text);
}
