// Images and texts as a model reads them: grey pixels to squares, squares to (B, C, H, W), token ids to (B, L). No file is read here.
export { centreCrop, writeCrop } from './crop.ts';
export type { CropOffset } from './crop.ts';
export type { GreyImage } from './grey-image.ts';
export type { HostArray } from './host-array.ts';
export { orientationOf, turned } from './orientation.ts';
export { padRows } from './pad-rows.ts';
export type { TokenRow } from './pad-rows.ts';
export { prepareRadiograph, prepareSquares, prepareTexts } from './prepare-inputs.ts';
export type { ImagePreparation, TextEncoding } from './prepare-inputs.ts';
export { reductionOf, resizeGrey, squareOf } from './resize.ts';
