// A run's tokenizer: trained on its texts, or read from a published vocabulary.
import { readFile } from 'node:fs/promises';
import type { Study } from '@hybridmed/data';
import type { Tokenizer } from '@hybridmed/text';
import { cutVocabulary, tokenizerFromJson, tokenizerFromVocab, trainWordPiece } from '@hybridmed/text';
import { describeError, fileError, readJson } from './files.ts';
import type { RunConfig } from './run-config.ts';

/** The tokenizer a configuration asks for. Throws one line that names the file when it is none. */
export async function runTokenizer({ vocabulary, cutVocabulary: cut }: RunConfig, studies: readonly Study[]): Promise<Tokenizer> {
  const texts = studies.flatMap(({ findings, impression }) => [findings, impression]);
  if (typeof vocabulary === 'number') return trainWordPiece(texts, { size: vocabulary });
  const tokenizer = await readTokenizer(vocabulary);
  return cut ? cutVocabulary(tokenizer, texts) : tokenizer;
}

async function readTokenizer(file: string): Promise<Tokenizer> {
  const json = file.endsWith('.json') ? await readJson(file) : undefined;
  const text = json === undefined ? await readText(file) : '';
  try {
    return json === undefined ? tokenizerFromVocab(text, { lowercase: !cased(text) }) : tokenizerFromJson(json);
  } catch (error) {
    throw fileError(file, (error as Error).message, 'give --vocabulary a vocab.txt, a tokenizer.json or a size');
  }
}

const readText = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((error: unknown) => {
    throw describeError(file, error);
  });

/** A vocabulary with capitals outside its special tokens is for texts as they are. */
const cased = (text: string): boolean => /^(?:##)?[a-z]*[A-Z]/m.test(text);
