// The entry of what reads an image's bytes, and decodes nothing: from a file, from a part of one, over HTTP.
export { FileReader } from './file-reader.ts';
export { checkFile, isUrl, rangeName, rangeOf, readImageBytes, readingFlags } from './image-bytes.ts';
export type { ByteRange, RangeReader } from './image-bytes.ts';
export { createRangeCache, defaultRangeReader, fetchWhole } from './range-cache.ts';
export type { RangeCache, RangeCacheOptions } from './range-cache.ts';
export { Scratch } from '../scratch.ts';
