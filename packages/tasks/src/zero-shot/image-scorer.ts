// Scores of one film by prompts, on any device: what `zeroshot` computes for every study of a split.
import type { Vectors } from '@hybridmed/eval';
import { promptScores } from '@hybridmed/eval/protocols';
import type { Checkpoint } from '@hybridmed/model';
import { imageFeatureGraph } from '@hybridmed/model/graphs';
import type { Device, DeviceState, HostArray } from '@hybridmed/tensor';
import { embedTexts } from '../features/embeddings.ts';
import type { PromptSets } from './prompt-sets.ts';
import { embedPrompts } from './prompt-vectors.ts';

/** Scores films that are prepared for the model, (1, C, S, S). */
export interface ImageScorer {
  /** For each class: the film's cosine with its positive prompts less that with its negative ones. */
  scores(image: HostArray, prompts: PromptSets): Promise<Record<string, number>>;
  release(): void;
}

/** Prepares scoring on a device whose state holds a checkpoint's parameters. Vectors of prompts are kept for the next film. */
export async function createImageScorer(device: Device, state: DeviceState, checkpoint: Checkpoint): Promise<ImageScorer> {
  const program = await device.compile(imageFeatureGraph(checkpoint.model));
  const kept = new Map<PromptSets, ReturnType<typeof embedPrompts>>();
  return {
    async scores(image, prompts) {
      let embedded = kept.get(prompts);
      if (!embedded) kept.set(prompts, (embedded = embedPrompts((texts) => embedTexts(device, state, checkpoint, texts), prompts)));
      embedded.catch(() => kept.delete(prompts));
      const vectors = await embedded;
      const { embedding } = await program.run({ image }, state);
      return Object.fromEntries(Object.entries(vectors).map(([name, pair]) => [name, promptScores(embedding as Vectors, pair)[0]!]));
    },
    release: () => program.release?.(),
  };
}
