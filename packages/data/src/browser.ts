// The entry of what runs in a browser too: from grey pixels and token ids to a model's input. The main entry, which reads files, uses the same.
export { DataError } from './errors.ts';
export type { GreyImage } from './image/grey-image.ts';
export { decodeBaseline } from './image/jpeg/decode.ts';
export { maxFileBytes, maxPixels } from './image/limits.ts';
export { luminanceOf } from './image/luminance.ts';
export { centreCrop, writeCrop } from './image/crop.ts';
export { orientationOf } from './image/orientation.ts';
export { squareOf } from './image/resize.ts';
export { streamSize } from './image/stream-size.ts';
export type { StreamSize } from './image/stream-size.ts';
export type { HostArray, StudyArrays, StudyBatch, TextArrays, TextBatch } from './loader/batch.ts';
export { padRows } from './loader/collate.ts';
export { prepareRadiograph, prepareSquares, prepareTexts } from './loader/prepare-inputs.ts';
export type { ImagePreparation } from './loader/prepare-inputs.ts';
export { randomBelow } from './loader/random.ts';
export { columnRoles } from './study.ts';
export type { ColumnRole, SelectOptions } from './study.ts';
