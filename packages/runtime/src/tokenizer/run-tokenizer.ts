// A run's tokenizer: trained on its texts, or a published one, cut to them where the settings say so.
import type { Study } from '@hybridmed/data';
import type { Tokenizer } from '@hybridmed/text';
import { cutVocabulary, trainWordPiece } from '@hybridmed/text';
import type { RunConfig } from '../settings/run-settings.ts';
import { readTokenizer } from './read-tokenizer.ts';

/** The tokenizer of a configuration. Throws one line that names the file when it is none. */
export async function runTokenizer({ vocabulary, cutVocabulary: cut }: RunConfig, studies: readonly Study[]): Promise<Tokenizer> {
  const texts = studies.flatMap(({ findings, impression }) => [findings, impression]);
  if (typeof vocabulary === 'number') return trainWordPiece(texts, { size: vocabulary });
  const tokenizer = await readTokenizer(vocabulary);
  return cut ? cutVocabulary(tokenizer, texts) : tokenizer;
}
