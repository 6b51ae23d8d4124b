// What a control without images changes in settings that were written for a run with some.
import { lossesOfImages } from '@hybridmed/model/objective';
import type { LearningRates } from './learning-rates.ts';
import { withoutGroups } from './learning-rates.ts';
import type { TrainingConfig } from './training-settings.ts';

/** Groups of parameters that a model without images lacks. */
const absentGroups: readonly string[] = ['vision', 'align', ...lossesOfImages];

interface Tuned {
  readonly freeze?: readonly string[];
  readonly freezeStatistics?: readonly string[];
  readonly lora?: readonly string[];
  readonly learningRate?: LearningRates;
}

/** Patterns and rates without those of absent groups, of the keys that are there. */
function tunedWithoutImages({ freeze, freezeStatistics, lora, learningRate }: Tuned): Tuned {
  const others = (patterns: readonly string[]): string[] => patterns.filter((pattern) => !absentGroups.some((group) => pattern.startsWith(`${group}.`)));
  return {
    ...(freeze ? { freeze: others(freeze) } : {}),
    ...(freezeStatistics ? { freezeStatistics: others(freezeStatistics) } : {}),
    ...(lora ? { lora: others(lora) } : {}),
    ...(learningRate === undefined ? {} : { learningRate: withoutGroups(learningRate, absentGroups) }),
  };
}

/**
 * What a control without images (`vision` "none") changes: losses that need some have weight 0, there is no stage 0, and parameters that the model lacks are
 * neither frozen nor adapted nor have rates, in no stage.
 */
export function changesWithoutImages(
  config: Pick<TrainingConfig, 'freeze' | 'freezeStatistics' | 'lora' | 'learningRate' | 'stages'>,
): Partial<TrainingConfig> {
  const stages = Object.entries(config.stages).map(([stage, own]) => [stage, { ...own, ...tunedWithoutImages(own ?? {}) }]);
  const weights = Object.fromEntries(lossesOfImages.map((key) => [key, 0]));
  return { vision: 'none', stage0: false, ...weights, ...tunedWithoutImages(config), stages: Object.fromEntries(stages) } as Partial<TrainingConfig>;
}

/** Settings as they are used: where there are no images, with `changesWithoutImages`. */
export const withoutImageParts = <T extends TrainingConfig>(config: T): T =>
  config.vision === 'none' ? { ...config, ...changesWithoutImages(config) } : config;
