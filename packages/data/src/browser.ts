// The entry of what runs in a browser too: from grey pixels and token ids to a model's input. The main entry, which reads files, uses the same.
export { DataError } from '@hybridmed/images/errors';
export type { GreyImage, HostArray, ImagePreparation } from '@hybridmed/inputs';
export { decodeBaseline, luminanceOf, maxFileBytes, maxPixels, streamSize } from '@hybridmed/images/browser';
export { centreCrop, orientationOf, padRows, prepareRadiograph, prepareSquares, prepareTexts, squareOf, writeCrop } from '@hybridmed/inputs';
export type { StreamSize } from '@hybridmed/images/browser';
export type { ImageArrays, ImageBatch, KnownFeatures, StudyArrays, StudyBatch, TextArrays, TextBatch } from './loader/batch.ts';
export { augmentLimits } from './loader/augment.ts';
export type { Augmentation } from './loader/augment.ts';
export { randomBelow } from './loader/random.ts';
export { columnRoles } from './study.ts';
export type { ColumnRole, SelectOptions } from './study.ts';
