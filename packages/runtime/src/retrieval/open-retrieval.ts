// What a run's findings are retrieved from, and what is said of it.
import type { Study } from '@hybridmed/data';
import type { Tokenizer } from '@hybridmed/text';
import type { RunConfig } from '../settings/run-settings.ts';
import type { RetrievalIndex } from './retrieved-findings.ts';
import { checkSeparator, maxEntries, retrievalIndex } from './retrieved-findings.ts';

/** The index of a run, where its settings ask for one; a line says what then stands in the checkpoints. */
export function openRetrieval(
  { retrieve }: Pick<RunConfig, 'retrieve'>,
  training: readonly Study[],
  tokenizer: Tokenizer,
  onMessage: (text: string) => void = () => undefined,
): RetrievalIndex | undefined {
  if (retrieve === 0) return undefined;
  checkSeparator(tokenizer);
  const index = retrievalIndex(training, retrieve);
  const of = index.entries.length === maxEntries ? ' (evenly spaced, the most that are kept)' : '';
  onMessage(`retrieval from ${index.entries.length} training reports${of}: their findings and impressions stand in every checkpoint, in retrieval.json`);
  return index;
}
