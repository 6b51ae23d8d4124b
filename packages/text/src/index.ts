// The public face of the text package.
export { bert } from './bert/bert.ts';
export type { BertConfig } from './bert/bert.ts';
