// The model a run trains: the preset's sizes with the run's options, and what of it is trained.
import type { LabelConfig, ModelConfig, Model, ModuleEncoders } from '@hybridmed/model';
import { fineTune, createModel } from '@hybridmed/model';
import { lossesWithParameters } from '@hybridmed/model/objective';
import { presetModel, presets } from '@hybridmed/model/presets';
import type { Tokenizer } from '@hybridmed/text';
import { rateFactors } from '../settings/learning-rates.ts';
import type { TrainingConfig } from '../settings/training-settings.ts';

/** The model of these sizes under the fine-tuning options of a run or of one of its stages. Throws one line for a pattern or a group that matches nothing. */
export function runModel(sizes: ModelConfig, encoders: ModuleEncoders, config: TrainingConfig): Model {
  const { freeze, freezeStatistics, layerDecay, learningRate, lora, loraRank: rank, loraAlpha: alpha } = config;
  return fineTune(createModel(sizes, encoders), {
    freeze,
    freezeStatistics,
    layerDecay,
    rates: rateFactors(learningRate),
    lora: { layers: lora, rank, alpha },
  });
}

/** What of a model does not follow from a run's settings: sizes of encoders that are not the preset's, and the labels of a run that is supervised by some. */
export interface RunParts extends Partial<Pick<ModelConfig, 'vision' | 'text'>> {
  readonly labels?: LabelConfig | undefined;
}

/** Sizes for a run and its vocabulary. */
export function runModelConfig(config: TrainingConfig, tokenizer: Tokenizer, { labels, ...encoders }: RunParts = {}): ModelConfig {
  const sizes = { ...presetModel(config.preset, tokenizer.vocabularySize, tokenizer.special), ...encoders };
  const drop = config.dropout > 0 || presets[config.preset].vision.dropout ? { dropout: config.dropout } : {};
  const losses = lossesWithParameters.filter((key) => (key === 'lab' ? labels !== undefined : config[key] !== 0));
  return {
    ...sizes,
    vision: sizes.vision.kind === 'vit' ? { ...sizes.vision, ...drop } : sizes.vision,
    text: 'kind' in sizes.text ? sizes.text : { ...sizes.text, ...drop, ...(config.textPooling === 'mean' ? { pooling: 'mean' as const } : {}) },
    decoder: {
      ...sizes.decoder,
      ...drop,
      ...(config.sharedCross ? { sharedCross: true } : {}),
      ...(config.unsharedDecoder ? { unshared: true } : {}),
      ...(config.imageAdapter ? { imageAdapter: true } : {}),
      ...(config.pointer ? { pointer: true } : {}),
    },
    ...(config.projection === 'mlp' ? { projection: 'mlp' as const } : {}),
    ...(config.projectionDropout > 0 ? { projectionDropout: config.projectionDropout } : {}),
    ...(config.standardize && config.projection === 'linear' ? { projectionBias: true } : {}),
    ...(losses.length > 0 ? { losses } : {}),
    ...(labels ? { labels, ...(config.headDropout > 0 ? { headDropout: config.headDropout } : {}) } : {}),
  };
}
