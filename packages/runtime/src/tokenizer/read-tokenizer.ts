// A published tokenizer: a tokenizer.json, a vocab.txt, or a folder with one.
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Tokenizer } from '@hybridmed/text';
import { tokenizerFromJson, tokenizerFromVocab } from '@hybridmed/text';
import { fileError, isFolder, readJson, readText } from '../files.ts';
import { localPath } from '../hub/local-path.ts';
import type { TokenizerConfig } from './tokenizer-config.ts';
import { addedBeside, agree, bertSettings } from './tokenizer-config.ts';

// The largest vocabularies have some 5 MB.
const maxVocabularyBytes = 2 ** 26;

/** The file of a path: a folder's tokenizer.json, else its vocab.txt. */
async function vocabularyFile(path: string): Promise<string> {
  if (!(await isFolder(path))) return path;
  const file = ['tokenizer.json', 'vocab.txt'].map((name) => join(path, name)).find((name) => existsSync(name));
  if (file === undefined) throw fileError(path, 'holds no tokenizer.json and no vocab.txt', 'give --vocabulary one of these');
  return file;
}

/** A published tokenizer: a tokenizer.json, a vocab.txt, or a folder with one. Throws one line that names the file, and a setting that is not honoured. */
export async function readTokenizer(path: string): Promise<Tokenizer> {
  const file = await vocabularyFile(await localPath(path, { kind: 'tokenizer' }));
  const json = file.endsWith('.json') ? await readJson(file) : undefined;
  const text = json === undefined ? await readText(file, maxVocabularyBytes, 'vocab.txt') : '';
  const config = await configBeside(file);
  try {
    if (json !== undefined) {
      agree(json, config);
      return tokenizerFromJson(json);
    }
    // Without a word of it, a vocabulary with capitals outside its special tokens is for texts as they are.
    const tokenizer = tokenizerFromVocab(text, bertSettings(config, !hasCapitals(text)));
    return addedBeside(tokenizer, config);
  } catch (error) {
    throw fileError(file, (error as Error).message, 'give --vocabulary a vocab.txt, a tokenizer.json or a size');
  }
}

// Some capitals, such as the letters of sets of numbers, have no small ones: lower case leaves them.
const hasCapitals = (text: string): boolean => text.split(/\r?\n/).some((line) => !/^\[.*\]$/.test(line) && line.toLowerCase() !== line);

/** The tokenizer_config.json beside a published file of the usual name. */
async function configBeside(file: string): Promise<TokenizerConfig> {
  const beside = join(dirname(file), 'tokenizer_config.json');
  if (!['vocab.txt', 'tokenizer.json'].includes(basename(file)) || !existsSync(beside)) return {};
  const config: unknown = await readJson(beside);
  return typeof config === 'object' && config !== null && !Array.isArray(config) ? (config as TokenizerConfig) : {};
}
