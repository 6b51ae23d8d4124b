// A checkpoint of start values: what tests need that ask nothing of its figures.
import type { Study } from '@hybridmed/data';
import type { CheckpointConfig } from '@hybridmed/model';
import { createModel, formatVersion } from '@hybridmed/model';
import { presetModel } from '@hybridmed/model/presets';
import { initialize } from '@hybridmed/nn';
import { saveCheckpoint } from '@hybridmed/runtime';
import { trainWordPiece } from '@hybridmed/text';

/** Saves a tiny model with a vocabulary of these texts as a stage-2 checkpoint, or as one of `stage`. */
export async function untrainedCheckpoint(folder: string, texts: readonly string[], { stage = 2 }: { stage?: 1 | 2 } = {}): Promise<void> {
  const tokenizer = trainWordPiece(texts, { size: 100 });
  const model = presetModel('tiny', tokenizer.vocabularySize, tokenizer.special);
  const config: CheckpointConfig = { formatVersion, preset: 'tiny', stage, model, input: { resize: 36, findingsLength: 128, impressionLength: 48 } };
  await saveCheckpoint(folder, { config, tokenizer: tokenizer.toJSON(), parameters: initialize(createModel(model).parameters, 3) });
}

/** Findings and impressions of studies. */
export const textsOf = (studies: readonly Study[]): string[] => studies.flatMap(({ findings, impression }) => [findings, impression]);
