// The entry for fine-tuning: what of a model is trained and how fast, as changes of its parameters' specs.
export { freeze, freezeStatistics } from './freeze.ts';
export { groupRates } from './group-rates.ts';
export { layerDecay } from './layer-decay.ts';
export { adapterState, addLora, isAdapter, mergeLora } from './lora.ts';
export type { LoraOptions } from './lora.ts';
