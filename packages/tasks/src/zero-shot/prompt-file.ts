// Prompts from a file, or from the sets that come with the package, matched to the labels of a data set.
import type { PromptSet } from '@hybridmed/phantoms';
import { fileError, readJson } from '@hybridmed/runtime/files';
import { HybridmedError } from '@hybridmed/tensor';
import type { PromptSets } from './prompt-sets.ts';
import { shippedPrompts } from './prompt-sets.ts';

const format = 'write {"CLASS": {"positive": ["..."], "negative": ["..."]}, ...}';

function checkSet(file: string, name: string, value: unknown): PromptSet {
  const { positive, negative, ...rest } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const extra = Object.keys(rest)[0];
  if (extra !== undefined) throw fileError(file, `class "${name}" has the key "${extra}"`, format);
  for (const [kind, texts] of [
    ['positive', positive],
    ['negative', negative],
  ] as const)
    if (!Array.isArray(texts) || texts.length === 0 || texts.some((text) => typeof text !== 'string' || text.trim() === ''))
      throw fileError(file, `class "${name}" has no list of "${kind}" sentences`, format);
  return { positive: positive as string[], negative: negative as string[] };
}

/** Reads a prompt file: JSON, classes to their positive and negative sentences. Throws one line that names the file, the class and what it lacks. */
export async function readPrompts(file: string): Promise<PromptSets> {
  const json: unknown = await readJson(file);
  if (typeof json !== 'object' || json === null || Array.isArray(json) || Object.keys(json).length === 0) throw fileError(file, 'holds no prompts', format);
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, checkSet(file, name, value)]));
}

/** The shipped prompts that name labels of a data set: of the named set, else of the set of the data set's own name, else of every set. */
export function fittingPrompts(labels: readonly string[], spec: string, name?: string): PromptSets {
  const own = shippedPrompts[name ?? spec.slice(0, spec.indexOf(':'))];
  const sets = (own ? [own] : Object.values(shippedPrompts)).flatMap((set) => Object.entries(set));
  return Object.fromEntries(sets.filter(([label]) => labels.includes(label)));
}

/**
 * The prompts of a data set's classes: from a shipped set by name, from a file, or, by default, from the shipped set of the data set's
 * own name, else from every shipped set that names one of its labels. Throws one line where a file or a named set names a class that the data set has no label of, or where nothing fits.
 */
export async function promptsFor(labels: readonly string[], spec: string, source?: string): Promise<PromptSets> {
  if (source === undefined || Object.hasOwn(shippedPrompts, source)) {
    const fitting = fittingPrompts(labels, spec, source);
    if (Object.keys(fitting).length > 0) return fitting;
    const none = source === undefined ? 'no shipped prompt set names one' : `prompt set "${source}" names none`;
    throw new HybridmedError(`${spec}: ${none} of its labels (${labels.join(', ')}); give a file with --prompts`);
  }
  const prompts = await readPrompts(source);
  const unknown = Object.keys(prompts).find((name) => !labels.includes(name));
  if (unknown !== undefined) throw fileError(source, `class "${unknown}" is no label of ${spec}`, `its labels are ${labels.join(', ')}`);
  return prompts;
}
