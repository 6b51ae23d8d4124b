// Zero-shot classification over vectors: prompt sets as directions, and images scored against a positive and a negative one.
import { HybridmedError } from '@hybridmed/tensor';
import type { Vectors } from './vectors.ts';
import { sizesOf } from './vectors.ts';
import { cosineSimilarities } from './ranking/retrieval.ts';

/** The mean of a set's unit vectors, a unit vector again: (prompts, d) -> (1, d). Throws for no prompts. */
export function promptDirection(prompts: Vectors): Vectors {
  const [rows, width] = sizesOf(prompts);
  if (rows === 0) throw new HybridmedError('promptDirection: the prompt set is empty; give at least one prompt');
  const mean = new Float64Array(width);
  for (let row = 0; row < rows; row++) {
    const vector = prompts.data.subarray(row * width, (row + 1) * width);
    const norm = Math.hypot(...vector) || 1;
    for (let i = 0; i < width; i++) mean[i]! += vector[i]! / norm;
  }
  const norm = Math.hypot(...mean) || 1;
  return { data: mean.map((value) => value / norm), shape: [1, width] };
}

/** How the pair of similarities becomes a score. */
export type PromptScore = 'difference' | 'softmax';

/**
 * A score per image (N, d) against a class's positive and negative prompts: cos(image, positive) - cos(image, negative), or, with
 * `softmax`, exp(s p) / (exp(s p) + exp(s n)) with the model's `scale` s. Both rank images alike. Each set enters as the mean
 * direction of its prompts, never as their maximum.
 */
export function promptScores(
  images: Vectors,
  { positive, negative }: { positive: Vectors; negative: Vectors },
  { score = 'difference', scale = 1 }: { score?: PromptScore; scale?: number } = {},
): Float64Array {
  const [plus, minus] = [cosineSimilarities(images, promptDirection(positive)), cosineSimilarities(images, promptDirection(negative))];
  const difference = plus.map((value, i) => value - minus[i]!);
  return score === 'difference' ? difference : difference.map((value) => 1 / (1 + Math.exp(-scale * value)));
}
