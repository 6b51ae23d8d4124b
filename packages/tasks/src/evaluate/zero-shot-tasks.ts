// The questions that zero-shot classification asks of a data set: prompts for and against each class, and the truth.
import type { Study } from '@hybridmed/data';
import type { PromptSet } from '@hybridmed/phantoms';
import type { PromptSets } from '../zero-shot/prompt-sets.ts';
import { shippedPrompts } from '../zero-shot/prompt-sets.ts';

/** A yes-or-no question a data set can answer: its prompts, and each study's truth. */
export interface ZeroShotTask {
  readonly name: string;
  readonly prompts: PromptSet;
  /** 1, 0, or undefined where the study has no label. */
  truth(study: Study): 0 | 1 | undefined;
}

/** The questions that a set of studies answers: Open-I's tag "normal", and every label that a shipped prompt set names. */
export function zeroShotTasks(studies: readonly Study[]): ZeroShotTask[] {
  const tasks: ZeroShotTask[] = [];
  if (studies.some(({ tags }) => tags !== undefined))
    tasks.push({ name: 'normal', prompts: shippedPrompts.openi!.normal!, truth: ({ tags }) => (tags === undefined ? undefined : tags === 'normal' ? 1 : 0) });
  const labels = new Set(studies.flatMap(({ labels: own }) => Object.keys(own ?? {})));
  const promptsByLabel = Object.assign({}, ...Object.values(shippedPrompts)) as PromptSets;
  for (const [name, prompts] of Object.entries(promptsByLabel)) if (labels.has(name)) tasks.push({ name, prompts, truth: ({ labels: own }) => own?.[name] });
  return tasks;
}
