// Sentences for zero-shot classification of phantom findings.
import type { FindingName } from './findings.ts';

/** Sentences that assert a class, and sentences that deny it. */
export interface PromptSet {
  readonly positive: readonly string[];
  readonly negative: readonly string[];
}

const zones = ['upper', 'mid', 'lower'] as const;
const sides = ['left', 'right'] as const;
const normal = ['No acute cardiopulmonary abnormality.', 'Normal chest radiograph.'];
const graded = (grades: readonly string[], rest: string): string[] => grades.map((grade) => `${grade} ${rest}.`);
const placed = (noun: string): string[] => sides.flatMap((side) => zones.map((zone) => `${side === 'left' ? 'Left' : 'Right'} ${zone} lung ${noun}.`));

/** Prompts of each finding, in the words that impressions use. */
export const phantomPrompts: Readonly<Record<FindingName, PromptSet>> = {
  pneumothorax: { positive: sides.flatMap((side) => graded(['Small', 'Moderate', 'Large'], `${side} pneumothorax`)), negative: normal },
  effusion: {
    positive: [...sides.flatMap((side) => graded(['Small', 'Moderate', 'Large'], `${side} pleural effusion`)), 'Moderate bilateral pleural effusions.'],
    negative: normal,
  },
  opacity: { positive: placed('opacity'), negative: normal },
  nodule: { positive: placed('nodule'), negative: normal },
  edema: { positive: graded(['Mild', 'Moderate', 'Severe'], 'pulmonary edema'), negative: normal },
  cardiomegaly: { positive: graded(['Mild', 'Moderate', 'Severe'], 'cardiomegaly'), negative: normal },
  atelectasis: { positive: ['Left basilar atelectasis.', 'Right basilar atelectasis.'], negative: normal },
  line: { positive: ['Left central venous catheter in place.', 'Right central venous catheter in place.'], negative: normal },
};
