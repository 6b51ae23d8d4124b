// Fine-tuning: the same model with parts frozen, slower layers or LoRA adapters, as changes of its parameters' specs.
import type { ParameterSpecs } from '@hybridmed/nn';
import type { LoraOptions } from '@hybridmed/nn/fine-tuning';
import { addLora, freeze, freezeStatistics, groupRates, layerDecay } from '@hybridmed/nn/fine-tuning';
import { lossesWithParameters } from '../objective/terms.ts';
import type { Model } from './model.ts';

/** What is trained, and how fast. */
export interface FineTuneOptions {
  /** Names of parameters to freeze; `*` matches any characters, as in `vision.*`. */
  readonly freeze?: readonly string[];
  /** Names of batch norms' running statistics that training uses and leaves as they are, as in `vision.*`. */
  readonly freezeStatistics?: readonly string[];
  /** Factor between the learning rates of an encoder's neighbouring layers, for both encoders; 1 for equal rates. */
  readonly layerDecay?: number;
  /** Factors on the learning rates of groups, a group being the parameters of one first name: `{ vision: 0.4 }`. */
  readonly rates?: Readonly<Record<string, number>>;
  /** Linear layers to adapt by LoRA. */
  readonly lora?: LoraOptions;
}

// Groups that some model has: one that lacks them, being trained without a loss or without images, takes settings of the same recipe.
const groups = ['vision', 'text', 'align', 'decoder', ...lossesWithParameters];

const encoders = ['vision.', 'text.'];

/**
 * The model to train under these options. Throws a HybridmedError that names a pattern or a group which matches nothing; the group
 * of a part or of a loss that this model lacks is none of them.
 */
export function fineTune(model: Model, options: FineTuneOptions): Model {
  const { freeze: frozen = [], freezeStatistics: statistics = [], layerDecay: factor = 1, rates = {}, lora } = options;
  let parameters: ParameterSpecs = freezeStatistics(freeze(model.parameters, frozen), statistics);
  if (factor !== 1) for (const prefix of encoders) parameters = { ...parameters, ...layerDecay(partOf(parameters, prefix), factor) };
  parameters = groupRates(parameters, rates, groups);
  if (lora && lora.layers.length > 0) parameters = addLora(parameters, lora);
  return { ...model, parameters };
}

const partOf = (specs: ParameterSpecs, prefix: string): ParameterSpecs => Object.fromEntries(Object.entries(specs).filter(([name]) => name.startsWith(prefix)));
