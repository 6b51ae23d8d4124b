// Images and texts as a model reads them, prepared as in training: from grey pixels and strings, wherever those come from.
import type { GreyImage } from './grey-image.ts';
import { centreCrop, writeCrop } from './crop.ts';
import { squareOf } from './resize.ts';
import type { HostArray } from './host-array.ts';
import type { TokenRow } from './pad-rows.ts';
import { padRows } from './pad-rows.ts';

/** What preparing texts needs of a tokenizer: ids from [CLS] to [SEP], at most `maxLength`, and the id that pads. */
export interface TextEncoding {
  encode(text: string, maxLength: number): TokenRow;
  readonly special: { readonly pad: number };
}

/** How images become a model's input: padded to a square, resized, centre-cropped. */
export interface ImagePreparation {
  readonly size: number;
  readonly channels: number;
  readonly resize: number;
}

/** Squares of `resize` pixels a side as the model sees them, centre-cropped: (B, C, H, W) in [-1, 1]. */
export function prepareSquares({ size, channels, resize }: ImagePreparation, squares: readonly Uint8Array[]): HostArray {
  const each = channels * size * size;
  const data = new Float32Array(squares.length * each);
  squares.forEach((square, row) => writeCrop(square, resize, size, centreCrop(resize, size), channels, data, row * each));
  return { data, shape: [squares.length, channels, size, size] };
}

/** A radiograph's grey pixels as the model sees them: (1, C, H, W) in [-1, 1]. */
export const prepareRadiograph = (preparation: ImagePreparation, image: GreyImage): HostArray =>
  prepareSquares(preparation, [squareOf(image, preparation.resize)]);

/** Texts as ids and mask, both (B, L), padded to the longest. */
export function prepareTexts(tokenizer: TextEncoding, texts: readonly string[], maxLength: number): { ids: HostArray; mask: HostArray } {
  return padRows(
    texts.map((text) => tokenizer.encode(text, maxLength)),
    tokenizer.special.pad,
  );
}
