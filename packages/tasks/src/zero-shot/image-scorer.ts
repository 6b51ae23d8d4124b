// Scores of one image by prompts, on any device: what `zeroshot` computes for every study of a split.
import type { Vectors } from '@hybridmed/eval';
import { promptScores } from '@hybridmed/eval/protocols';
import type { Checkpoint } from '@hybridmed/model';
import { imageFeatureGraph } from '@hybridmed/model/graphs';
import type { Device, DeviceState, HostArray } from '@hybridmed/tensor';
import { embedTexts } from '../features/embeddings.ts';
import type { PromptSets } from './prompt-sets.ts';
import { embedPrompts } from './prompt-vectors.ts';

/** Scores images that are prepared for the model, (1, C, S, S). */
export interface ImageScorer {
  /** For each class: the image's cosine with its positive prompts less that with its negative ones. */
  scores(image: HostArray, prompts: PromptSets): Promise<Record<string, number>>;
  release(): void;
}

/** Prepares scoring on a device whose state holds a checkpoint's parameters. Vectors of prompts are cached for the next image. */
export async function createImageScorer(device: Device, state: DeviceState, checkpoint: Checkpoint): Promise<ImageScorer> {
  const program = await device.compile(imageFeatureGraph(checkpoint.model));
  const promptVectors = new Map<PromptSets, ReturnType<typeof embedPrompts>>();
  return {
    async scores(image, prompts) {
      let embedding = promptVectors.get(prompts);
      if (!embedding) promptVectors.set(prompts, (embedding = embedPrompts((texts) => embedTexts(device, state, checkpoint, texts), prompts)));
      embedding.catch(() => promptVectors.delete(prompts));
      const vectors = await embedding;
      const { embedding: imageVector } = await program.run({ image }, state);
      return Object.fromEntries(Object.entries(vectors).map(([name, pair]) => [name, promptScores(imageVector as Vectors, pair)[0]!]));
    },
    release: () => program.release?.(),
  };
}
