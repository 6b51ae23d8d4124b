// Which losses a stage trains, with which weights, and what follows from that: the watched loss, features, fields of the batch, parameters.
import type { ParameterSpecs } from '@hybridmed/nn';
import type { BatchField } from '../model/batch-fields.ts';
import type { Stage } from '../model/config.ts';
import type { FeatureName, LossOptions, LossParts, LossRow } from './row.ts';
import type { LossName, LossWeights } from './rows.ts';
import { isOfImages } from './feature-fields.ts';
import { lossRows } from './rows.ts';

/** The stages of pre-training, in their order: those that some loss is trained in. */
export const stages: readonly Stage[] = [...new Set(lossRows.flatMap((row) => row.stages))].toSorted();

/** A loss of a stage with its weight, which is not 0. */
export interface LossTerm {
  readonly row: LossRow<LossName>;
  readonly weight: number;
}

/** A stage with the weights of the last one. */
export type StageWeights = { readonly stage: 1 } | { readonly stage: 2; readonly weights: LossWeights };

/** The losses that a stage trains, in the table's order. */
export const lossTerms = (plan: StageWeights): readonly LossTerm[] =>
  lossRows
    .filter((row) => row.stages.includes(plan.stage))
    .map((row) => ({ row, weight: plan.stage === 2 ? (plan.weights[row.key] ?? 0) : 1 }))
    .filter(({ weight }) => weight !== 0);

/** The losses of a plan that compare the studies of a whole step, or those that do not. */
export const termsOfScope = (plan: StageWeights, scope: LossRow['scope']): readonly LossTerm[] => lossTerms(plan).filter(({ row }) => row.scope === scope);

/** The loss whose lowest validation marks a stage's best checkpoint: the one that is watched wherever it is trained, else the first of those trained. */
export function watchedLoss(plan: StageWeights): LossRow<LossName> {
  const rows = lossTerms(plan).map(({ row }) => row);
  return rows.find(({ watch }) => watch) ?? rows[0]!;
}

/** Features that losses read, each once. */
export const featuresOf = (terms: readonly LossTerm[]): ReadonlySet<FeatureName> => new Set(terms.flatMap(({ row }) => row.needs));

/** Arrays of the batch that losses read as they are, each once. */
export const fieldsOf = (terms: readonly LossTerm[], options: LossOptions): readonly BatchField[] => [
  ...new Set(terms.flatMap(({ row }) => row.fields?.(options) ?? [])),
];

const ownName = (key: string, name: string): string => `${key}.${name}`;

/** The own parameters of some losses, by their names in a checkpoint: those of `sg` are `sg.*`. */
export function lossParameters(keys: readonly string[], parts: LossParts): ParameterSpecs {
  const rows = lossRows.filter(({ key }) => keys.includes(key));
  return Object.fromEntries(
    rows.flatMap((row) => Object.entries(row.parameters?.(parts) ?? {}).map(([name, spec]) => [ownName(row.key, name), spec] as const)),
  );
}

/** Losses with parameters of their own, which a model has only where it is trained with them. */
export const lossesWithParameters: readonly LossName[] = lossRows.filter(({ parameters }) => parameters !== undefined).map(({ key }) => key);

/** Losses that read what is made of images alone: a model without a vision encoder is not trained with them. */
export const lossesOfImages: readonly LossName[] = lossRows.filter(({ needs }) => needs.some(isOfImages)).map(({ key }) => key);

/** Weights of the losses that a model can be evaluated by: those of the method, and 1 for another one whose parameters it has; 0 for those of images where it reads none. */
export const evaluatedWeights = (parameters: Readonly<Record<string, unknown>>, withImages = true): LossWeights =>
  Object.fromEntries(
    lossRows
      .filter(({ key }) => withImages || !lossesOfImages.includes(key))
      .map(({ key, defaultWeight }) => [key, Object.keys(parameters).some((name) => name.startsWith(ownName(key, ''))) ? 1 : defaultWeight]),
  );

/** Names of the parameters that losses read, of those that a model has. */
export const parametersRead = (terms: readonly LossTerm[], parameters: ParameterSpecs): readonly string[] =>
  terms.flatMap(({ row }) => [...(row.reads ?? []), ...Object.keys(parameters).filter((name) => name.startsWith(ownName(row.key, '')))]);

/** Weights in words: those of the losses that are on by default, and those of the others that are used. */
export const weightsInWords = (weights: LossWeights): string =>
  lossRows
    .filter(({ key, defaultWeight }) => defaultWeight !== 0 || (weights[key] ?? 0) !== 0)
    .map(({ key }) => `${key} ${weights[key] ?? 0}`)
    .join(', ');
