// Fine-tuning: the same model with parts frozen, slower layers or LoRA adapters, as changes of its parameters' specs.
import type { ParameterSpecs } from '@hybridmed/nn';
import type { LoraOptions } from '@hybridmed/nn/fine-tuning';
import { addLora, freeze, groupRates, layerDecay } from '@hybridmed/nn/fine-tuning';
import { lossesWithParameters } from '../objective/terms.ts';
import type { Model } from './model.ts';

/** What is trained, and how fast. */
export interface FineTuneOptions {
  /** Names of parameters to freeze; `*` matches any characters, as in `vision.*`. */
  readonly freeze?: readonly string[];
  /** Factor between the learning rates of an encoder's neighbouring layers, for both encoders; 1 for equal rates. */
  readonly layerDecay?: number;
  /** Factors on the learning rates of groups, a group being the parameters of one first name: `{ vision: 0.4 }`. */
  readonly rates?: Readonly<Record<string, number>>;
  /** Linear layers to adapt by LoRA. */
  readonly lora?: LoraOptions;
}

const encoders = ['vision.', 'text.'];

/**
 * The model to train under these options. Throws a HybridmedError that names a pattern or a group which matches nothing; a loss that the
 * model is not trained with is no unknown group.
 */
export function fineTune(model: Model, { freeze: frozen = [], layerDecay: factor = 1, rates = {}, lora }: FineTuneOptions): Model {
  let parameters: ParameterSpecs = freeze(model.parameters, frozen);
  if (factor !== 1) for (const prefix of encoders) parameters = { ...parameters, ...layerDecay(partOf(parameters, prefix), factor) };
  parameters = groupRates(parameters, rates, lossesWithParameters);
  if (lora && lora.layers.length > 0) parameters = addLora(parameters, lora);
  return { ...model, parameters };
}

const partOf = (specs: ParameterSpecs, prefix: string): ParameterSpecs => Object.fromEntries(Object.entries(specs).filter(([name]) => name.startsWith(prefix)));
