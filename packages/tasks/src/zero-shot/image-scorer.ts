// Scores of one image by prompts, on any device: what `zeroshot` computes for every study of a split.
import type { Vectors } from '@hybridmed/eval';
import { promptScores } from '@hybridmed/eval/protocols';
import type { ModelSession } from '@hybridmed/model/session';
import type { HostArray } from '@hybridmed/tensor';
import { embedTexts } from '../features/embeddings.ts';
import type { PromptSets } from './prompt-sets.ts';
import { embedPrompts } from './prompt-vectors.ts';

/** Scores images that are prepared for the model, (1, C, S, S). */
export interface ImageScorer {
  /** For each class: the image's cosine with its positive prompts less that with its negative ones. */
  scores(image: HostArray, prompts: PromptSets): Promise<Record<string, number>>;
}

/** Prepares scoring with a model. Vectors of prompts are cached for the next image. Throws a SessionError where the model has no common space. */
export function createImageScorer(model: ModelSession): ImageScorer {
  model.require('align');
  const promptVectors = new Map<PromptSets, ReturnType<typeof embedPrompts>>();
  return {
    async scores(image, prompts) {
      let embedding = promptVectors.get(prompts);
      if (!embedding) promptVectors.set(prompts, (embedding = embedPrompts((texts) => embedTexts(model, texts), prompts)));
      embedding.catch(() => promptVectors.delete(prompts));
      const vectors = await embedding;
      const features = await model.imageFeatures(image, ['embedding']);
      return Object.fromEntries(Object.entries(vectors).map(([name, pair]) => [name, promptScores(features.embedding as Vectors, pair)[0]!]));
    },
  };
}
