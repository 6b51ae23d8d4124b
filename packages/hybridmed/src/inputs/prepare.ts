// Films and texts as a model reads them, prepared as in training: from grey pixels and strings, wherever those come from.
import type { GreyImage } from '@hybridmed/data/browser';
import { centreCrop, padRows, squareOf, writeCrop } from '@hybridmed/data/browser';
import type { HostArray } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';

/** How films become a model's input: padded to a square, resized, centre-cropped. */
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

/** A film's grey pixels as the model sees them: (1, C, H, W) in [-1, 1]. */
export const prepareFilm = (preparation: ImagePreparation, film: GreyImage): HostArray => prepareSquares(preparation, [squareOf(film, preparation.resize)]);

/** Texts as ids and mask, both (B, L), padded to the longest. */
export function prepareTexts(tokenizer: Tokenizer, texts: readonly string[], maxLength: number): { ids: HostArray; mask: HostArray } {
  return padRows(
    texts.map((text) => tokenizer.encode(text, maxLength)),
    tokenizer.special.pad,
  );
}
