// The entry of the objective: the losses of both stages over traced batches.
export { summarize, wordMask } from './losses.ts';
