// The entry of what runs in a browser too: from grey pixels and token ids to a model's input. The main entry, which reads files, uses the same.
export { DataError } from './errors.ts';
export type { GreyImage, HostArray, ImagePreparation } from '@hybridmed/inputs';
export { decodeBaseline } from './image/jpeg/decode.ts';
export { maxFileBytes, maxPixels } from './image/limits.ts';
export { luminanceOf } from './image/luminance.ts';
export { centreCrop, orientationOf, padRows, prepareRadiograph, prepareSquares, prepareTexts, squareOf, writeCrop } from '@hybridmed/inputs';
export { streamSize } from './image/stream-size.ts';
export type { StreamSize } from './image/stream-size.ts';
export type { KnownFeatures, StudyArrays, StudyBatch, TextArrays, TextBatch } from './loader/batch.ts';
export { augmentLimits } from './loader/augment.ts';
export type { Augmentation } from './loader/augment.ts';
export { randomBelow } from './loader/random.ts';
export { columnRoles } from './study.ts';
export type { ColumnRole, SelectOptions } from './study.ts';
