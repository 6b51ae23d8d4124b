// Prompt sets as vectors.
import type { Vectors } from '@hybridmed/eval';
import { takeRows } from '@hybridmed/model/host-arrays';
import type { PromptSets } from './prompt-sets.ts';

/** Unit vectors of each class's sentences. */
export type PromptVectors = Readonly<Record<string, { readonly positive: Vectors; readonly negative: Vectors }>>;

/** The distinct sentences of prompts, in order. */
export const promptSentences = (prompts: PromptSets): string[] => [
  ...new Set(Object.values(prompts).flatMap(({ positive, negative }) => [...positive, ...negative])),
];

/** Embeds prompts, each sentence once however many classes share it. `embed` gives vectors (N, d). */
export async function embedPrompts(embed: (texts: readonly string[]) => Promise<Vectors>, prompts: PromptSets): Promise<PromptVectors> {
  const sentences = promptSentences(prompts);
  const vectors = await embed(sentences);
  const vectorsOf = (texts: readonly string[]): Vectors =>
    takeRows(
      vectors,
      texts.map((sentence) => sentences.indexOf(sentence)),
    );
  return Object.fromEntries(
    Object.entries(prompts).map(([name, { positive, negative }]) => [name, { positive: vectorsOf(positive), negative: vectorsOf(negative) }]),
  );
}
