// The public face of the images package: decoding of JPEG, PNG and DICOM. What only reads bytes is in ./bytes, what runs in a browser in ./browser.
export type { GreyImage } from '@hybridmed/inputs';
export { parseDicom } from './dicom/parse.ts';
export type { ParsedDicom } from './dicom/parse.ts';
export { DataError } from './errors.ts';
export { decodeGrey, decodeSquare, readGrey, readImage, readSquare } from './grey.ts';
export { encodePlainPng } from './png.ts';
