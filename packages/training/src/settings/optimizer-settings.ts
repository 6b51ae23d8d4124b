// Settings of the optimizer: rates, decay, what is frozen, and adapters.
import { option, perStage } from '../options/option.ts';
import { integer, number, several, string } from '../options/values.ts';
import { learningRates } from './learning-rates.ts';

const weight = number({ min: 0 });

/** Rows of AdamW and of what it trains. */
export const optimizerSettings = {
  learningRate: perStage(
    option({
      value: learningRates,
      argument: 'x,...',
      help: 'peak learning rate of AdamW, and those of single groups of parameters (the first part of their names), as in 5e-4,vision=2e-4; may be changed when a run is resumed',
      default: ({ preset }) => preset.learningRate,
      defaultWords: "the preset's",
      onResume: 'may change',
    }),
  ),
  warmup: perStage(option({ value: number({ min: 0, max: 1 }), argument: 'fraction', help: 'fraction of the steps for warm-up', default: 0.1 })),
  weightDecay: perStage(option({ value: weight, argument: 'x', help: 'decoupled weight decay', default: 0.05 })),
  clip: perStage(option({ value: number({ above: 0 }), argument: 'x', help: 'maximum global norm of the gradients', default: 1 })),
  freeze: perStage(
    option({
      value: several(string()),
      argument: 'names',
      help: 'names of parameters that are not trained, such as "vision.*"; * matches any characters',
      default: [],
    }),
  ),
  freezeStatistics: perStage(
    option({
      value: several(string()),
      argument: 'names',
      help: 'batch norms that are trained, but whose running statistics are used in training and stay as they are, such as "vision.*"',
      default: [],
    }),
  ),
  layerDecay: perStage(
    option({
      value: number({ above: 0, max: 1 }),
      argument: 'x',
      help: "factor between the learning rates of an encoder's neighbouring layers; 1 for equal rates",
      default: 1,
    }),
  ),
  lora: perStage(
    option({
      value: several(string()),
      argument: 'layers',
      help: 'linear layers to adapt by LoRA, their weights frozen, such as "text.*.query"; merged when saved',
      default: [],
    }),
  ),
  loraRank: perStage(option({ value: integer(1), argument: 'n', help: 'rank of the adapters', default: 8 })),
  loraAlpha: perStage(option({ value: number({ above: 0 }), argument: 'x', help: 'the adapters are scaled by this divided by their rank', default: 16 })),
};
