// The public face of the text package.
export { bert, textPoolings } from './bert/bert.ts';
export type { BertConfig, TextPooling } from './bert/bert.ts';
export { cutVocabulary } from './tokenizer/cut-vocabulary.ts';
export type { DocumentOptions, TokenizerDocument } from './tokenizer/document.ts';
export { tokenizerFromJson, tokenizerFromVocab } from './tokenizer/tokenizer.ts';
export type { SpecialIds, Tokenizer } from './tokenizer/tokenizer.ts';
export { trainWordPiece } from './tokenizer/train.ts';
export type { TrainOptions } from './tokenizer/train.ts';
export { readPooling, writePooling } from './bert/pooling-file.ts';
export { bertWeights } from './bert/bert-weights.ts';
export type { BertWeightsOptions } from './bert/bert-weights.ts';
export { bertHeads, bertHeadsWeights } from './bert/bert-heads.ts';
export type { BertHeadsConfig } from './bert/bert-heads.ts';
