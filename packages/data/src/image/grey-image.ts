// An image as every decoder gives it: 8-bit grey.

/** Grey pixels, row-major, 0 to 255. */
export interface GreyImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
  /** What was assumed where a header is silent or wrong, a phrase each. */
  readonly assumed?: readonly string[];
}
