// Sentences for zero-shot classification of phantom findings.
import type { FindingName } from './findings.ts';
import { zones } from './findings.ts';

/** Sentences that assert a class, and sentences that deny it. */
export interface PromptSet {
  readonly positive: readonly string[];
  readonly negative: readonly string[];
}

const sizes = ['small', 'moderate', 'large'] as const;
const degrees = ['Mild', 'Moderate', 'Severe'] as const;
const sides = ['Left', 'Right'] as const;
const negative = ['No acute cardiopulmonary abnormality.', 'No acute cardiopulmonary disease.', 'Normal chest radiograph.'];

const sized = (noun: string): string[] => sizes.map((size) => `${noun}, ${size}.`);
const bySide = (...nouns: readonly string[]): string[] => sides.flatMap((side) => nouns.map((noun) => `${side} ${noun}.`));
const placed = (...nouns: readonly string[]): string[] => zones.flatMap((zone) => bySide(...nouns.map((noun) => `${zone} ${noun}`)));
const graded = (noun: string): string[] => degrees.map((degree) => `${degree} ${noun}.`);

/** Prompts of each finding, in the words that impressions use. */
export const phantomPrompts: Readonly<Record<FindingName, PromptSet>> = {
  pneumothorax: { positive: sides.flatMap((side) => sized(`${side} pneumothorax`)), negative },
  effusion: { positive: [...sides.flatMap((side) => sized(`${side} pleural effusion`)), ...sized('Bilateral pleural effusions')], negative },
  opacity: { positive: placed('lung opacity', 'lung airspace opacity'), negative },
  nodule: { positive: placed('lung nodule', 'zone nodule'), negative },
  edema: { positive: graded('pulmonary edema'), negative },
  cardiomegaly: { positive: graded('cardiomegaly'), negative },
  atelectasis: { positive: bySide('basilar atelectasis', 'lower lobe atelectasis'), negative },
  line: { positive: bySide('central venous catheter in place', 'central line in place'), negative },
};
