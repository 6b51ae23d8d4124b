// The entry of what runs in a browser too: baseline JPEG, luminance, and bounds of an image file. The main entry uses the same.
export { DataError } from './errors.ts';
export { decodeBaseline } from './jpeg/decode.ts';
export { maxFileBytes, maxPixels } from './limits.ts';
export { luminanceOf } from './luminance.ts';
export { streamSize } from './stream-size.ts';
export type { StreamSize } from './stream-size.ts';
