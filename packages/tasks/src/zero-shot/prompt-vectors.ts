// Prompt sets as vectors, and the model's scale of similarities.
import type { Vectors } from '@hybridmed/eval';
import type { Checkpoint } from '@hybridmed/model';
import { pickRows } from '../features/vector-rows.ts';
import type { PromptSets } from './prompt-sets.ts';

/** Unit vectors of each class's sentences. */
export type PromptVectors = Readonly<Record<string, { readonly positive: Vectors; readonly negative: Vectors }>>;

/** Embeds prompts, each sentence once however many classes share it. `texts` gives vectors (N, d). */
export async function embedPrompts(texts: (list: readonly string[]) => Promise<Vectors>, prompts: PromptSets): Promise<PromptVectors> {
  const sentences = [...new Set(Object.values(prompts).flatMap(({ positive, negative }) => [...positive, ...negative]))];
  const vectors = await texts(sentences);
  const of = (some: readonly string[]): Vectors =>
    pickRows(
      vectors,
      some.map((sentence) => sentences.indexOf(sentence)),
    );
  return Object.fromEntries(Object.entries(prompts).map(([name, { positive, negative }]) => [name, { positive: of(positive), negative: of(negative) }]));
}

/** The factor that the alignment learned for similarities. */
export const logitScale = ({ parameters }: Pick<Checkpoint, 'parameters'>): number => Math.exp(parameters['align.logit_scale']!.data[0]!);
