// The pipeline that classifies images by prompts.
import type { CallOptions, ModelSession } from '@hybridmed/model/session';
import { HybridmedError } from '@hybridmed/tensor';
import { nearestKey } from '@hybridmed/training/options';
import type { ClassScore } from '../zero-shot/image-scorer.ts';
import { createImageScorer } from '../zero-shot/image-scorer.ts';
import type { PromptSets } from '../zero-shot/prompt-sets.ts';
import { shippedPrompts } from '../zero-shot/prompt-sets.ts';
import type { ImageReader, OneOrManyWith } from './contract.ts';
import { inBatches, oneOrManyWith, preparedImages } from './contract.ts';

/** What to look for: the name of a shipped prompt set, names of classes that shipped sets have, or prompts of one's own. */
export type Prompts = string | readonly string[] | PromptSets;

/** A class with its scores. */
export interface LabelScore extends ClassScore {
  readonly label: string;
}

const classesOfAll = (): PromptSets => Object.assign({}, ...Object.values(shippedPrompts)) as PromptSets;

function unknown(what: string, name: string, known: readonly string[]): HybridmedError {
  const nearest = nearestKey(name, known);
  return new HybridmedError(
    `"${name}" is no ${what}${nearest === undefined ? '' : `; is it "${nearest}"?`} There are ${known.join(', ')}; or give {"CLASS": {"positive": [...], "negative": [...]}}`,
  );
}

/** The prompts that are meant. Throws one line for a name that no shipped set has. */
function promptsOf(prompts: Prompts): PromptSets {
  if (typeof prompts === 'string') {
    if (!Object.hasOwn(shippedPrompts, prompts)) throw unknown('shipped prompt set', prompts, Object.keys(shippedPrompts));
    return shippedPrompts[prompts]!;
  }
  if (!Array.isArray(prompts)) return prompts as PromptSets;
  const known = classesOfAll();
  const wrong = (prompts as readonly string[]).find((name) => !Object.hasOwn(known, name));
  if (wrong !== undefined) throw unknown('class of a shipped prompt set', wrong, Object.keys(known));
  return Object.fromEntries((prompts as readonly string[]).map((name) => [name, known[name]!]));
}

/** Scores of images by prompts, the highest first. */
export function classifyImages<Image>(model: ModelSession, read: ImageReader<Image>): OneOrManyWith<Image, Prompts, CallOptions, LabelScore[]> {
  const scorer = createImageScorer(model);
  // Lists of names that are equal share the vectors of their prompts.
  const named = new Map<string, PromptSets>();
  return oneOrManyWith((images, prompts: Prompts, options: CallOptions) => {
    const key = Array.isArray(prompts) ? JSON.stringify(prompts) : undefined;
    const sets = (key === undefined ? undefined : named.get(key)) ?? promptsOf(prompts);
    if (key !== undefined) named.set(key, sets);
    const one = async (image: Image): Promise<LabelScore[]> => {
      const scores = await scorer.classes(await preparedImages(model, read, [image]), sets, options);
      return Object.entries(scores)
        .map(([label, score]) => ({ label, ...score }))
        .toSorted((a, b) => b.score - a.score);
    };
    return inBatches(images, options, async ([image]) => [await one(image!)], 1);
  });
}
