// An image as every decoder gives it: 8-bit grey.

/** Grey pixels, row-major, 0 to 255. */
export interface GreyImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
  /** Of an image that was reduced: its sides in these pixels, of which the last ones may stand for less than the others. */
  readonly sides?: readonly [width: number, height: number];
  /** How it is still to be turned: Exif's orientation, 1 to 8. */
  readonly orientation?: number;
  /** What was assumed where a header is silent or wrong, a phrase each. */
  readonly assumed?: readonly string[];
}
