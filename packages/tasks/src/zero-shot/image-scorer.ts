// Scores of one image by prompts, on any device: what `zeroshot` computes for every study of a split.
import type { Vectors } from '@hybridmed/eval';
import { promptScores } from '@hybridmed/eval/protocols';
import type { CallOptions, ModelSession } from '@hybridmed/model/session';
import type { HostArray } from '@hybridmed/tensor';
import { embedTexts } from '../features/embeddings.ts';
import type { PromptSets } from './prompt-sets.ts';
import { embedPrompts } from './prompt-vectors.ts';

/** What prompts say of a class on one image. */
export interface ClassScore {
  /** The image's cosine with the class's positive prompts less that with its negative ones. */
  readonly score: number;
  /** The softmax over both, by the model's own scale: what `zeroshot --score softmax` gives. */
  readonly probability: number;
}

/** Scores images that are prepared for the model, (1, C, S, S). */
export interface ImageScorer {
  /** For each class: the image's cosine with its positive prompts less that with its negative ones. */
  scores(image: HostArray, prompts: PromptSets): Promise<Record<string, number>>;
  /** The same with the probability of each class. */
  classes(image: HostArray, prompts: PromptSets, options?: CallOptions): Promise<Record<string, ClassScore>>;
}

/** Prepares scoring with a model. Vectors of prompts are cached for the next image. Throws a SessionError where the model has no common space. */
export function createImageScorer(model: ModelSession): ImageScorer {
  model.require('align');
  const scale = Math.exp(model.info.logitScale);
  const promptVectors = new Map<PromptSets, ReturnType<typeof embedPrompts>>();
  async function classes(image: HostArray, prompts: PromptSets, options?: CallOptions): Promise<Record<string, ClassScore>> {
    let embedding = promptVectors.get(prompts);
    if (!embedding) promptVectors.set(prompts, (embedding = embedPrompts((texts) => embedTexts(model, texts), prompts)));
    embedding.catch(() => promptVectors.delete(prompts));
    const vectors = await embedding;
    const features = (await model.imageFeatures(image, ['embedding'], options)).embedding as Vectors;
    return Object.fromEntries(
      Object.entries(vectors).map(([name, pair]) => {
        const [score, probability] = [promptScores(features, pair)[0]!, promptScores(features, pair, { score: 'softmax', scale })[0]!];
        return [name, { score, probability }];
      }),
    );
  }
  return {
    classes,
    scores: async (image, prompts) => Object.fromEntries(Object.entries(await classes(image, prompts)).map(([name, { score }]) => [name, score])),
  };
}
