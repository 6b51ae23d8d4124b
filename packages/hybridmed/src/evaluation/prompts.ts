// Prompts for zero-shot classification: which sentences stand for a class, and which against it.
import type { PromptSet, Study } from '@hybridmed/data';
import { phantomPrompts } from '@hybridmed/data';

/** A yes-or-no question a data set can answer: its prompts, and each study's truth. */
export interface ZeroShotTask {
  readonly name: string;
  readonly prompts: PromptSet;
  /** 1, 0, or undefined where the study does not say. */
  truth(study: Study): 0 | 1 | undefined;
}

const normalPrompts: PromptSet = {
  positive: ['No acute cardiopulmonary abnormality.', 'Normal chest.', 'No active disease.'],
  negative: ['Cardiomegaly.', 'Pleural effusion.', 'Opacity in the lung.', 'Pulmonary edema.', 'Atelectasis.'],
};

/** The questions a set of studies answers: Open-I's tag "normal", and every label with prompts. */
export function zeroShotTasks(studies: readonly Study[]): ZeroShotTask[] {
  const tasks: ZeroShotTask[] = [];
  if (studies.some(({ tags }) => tags !== undefined))
    tasks.push({ name: 'normal', prompts: normalPrompts, truth: ({ tags }) => (tags === undefined ? undefined : tags === 'normal' ? 1 : 0) });
  const labels = new Set(studies.flatMap(({ labels: own }) => Object.keys(own ?? {})));
  for (const [name, prompts] of Object.entries(phantomPrompts)) if (labels.has(name)) tasks.push({ name, prompts, truth: ({ labels: own }) => own?.[name] });
  return tasks;
}
