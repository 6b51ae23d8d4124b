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

/** Saves a tiny stage-2 checkpoint whose values are in general position: with start values all texts and images are nearly alike. */
export async function variedCheckpoint(folder: string, texts: readonly string[]): Promise<void> {
  const tokenizer = trainWordPiece(texts, { size: 100 });
  const sizes = presetModel('tiny', tokenizer.vocabularySize, tokenizer.special);
  const parameters = Object.fromEntries(
    Object.entries(initialize(createModel(sizes).parameters, 3)).map(([name, { data: values, shape }]) => [
      name,
      { data: values.map((x, i) => x + (shape.length >= 2 ? 0.05 * Math.sin(i) : 0)), shape },
    ]),
  );
  const config: CheckpointConfig = { formatVersion, preset: 'tiny', stage: 2, model: sizes, input: { resize: 36, findingsLength: 64, impressionLength: 24 } };
  await saveCheckpoint(folder, { config, tokenizer: tokenizer.toJSON(), parameters });
}

/** Findings and impressions of studies. */
export const textsOf = (studies: readonly Study[]): string[] => studies.flatMap(({ findings, impression }) => [findings, impression]);
