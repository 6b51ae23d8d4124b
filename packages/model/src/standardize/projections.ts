// The projections into the common space whose features can be standardized: those of frozen encoders, which are the same in every epoch.
import { addStandardization } from '@hybridmed/align';
import type { ParameterSpecs } from '@hybridmed/nn';
import { areFrozen, namesUnder } from '../graphs/frozen-names.ts';
import type { StagePlan } from '../graphs/stage-plan.ts';
import type { Model } from '../model/model.ts';
import type { FeatureName } from '../objective/row.ts';
import { featuresOf, lossTerms } from '../objective/terms.ts';

/** The projections by name: the encoder whose features each reads, and what losses call what it gives. */
export const projections = {
  vision_global: { encoder: 'vision.', feature: 'imageVector' },
  text_global: { encoder: 'text.', feature: 'textVector' },
  vision_local: { encoder: 'vision.', feature: 'patches' },
  text_local: { encoder: 'text.', feature: 'words' },
} as const satisfies Readonly<Record<string, { readonly encoder: string; readonly feature: FeatureName }>>;

/** Name of a projection. */
export type ProjectionName = keyof typeof projections;

const isFrozen = (encoder: string, specs: ParameterSpecs): boolean => areFrozen(encoder, namesUnder(encoder, specs), specs);

/** The projections that a plan's losses read, and those of them whose encoder is frozen as a whole. */
export function alignedProjections(
  { parameters }: Model,
  plan: StagePlan,
): { readonly read: readonly ProjectionName[]; readonly frozen: readonly ProjectionName[] } {
  const features = featuresOf(lossTerms(plan));
  const read = (Object.keys(projections) as ProjectionName[]).filter((name) => features.has(projections[name].feature));
  return { read, frozen: read.filter((name) => isFrozen(projections[name].encoder, parameters)) };
}

/** A projection's name among the model's parameters. */
export const projectionPath = (name: ProjectionName): string => `align.${name}`;

/** The model with the features of some projections standardized. */
export const standardizedModel = (model: Model, names: readonly ProjectionName[]): Model => ({
  ...model,
  parameters: addStandardization(model.parameters, names.map(projectionPath)),
});
