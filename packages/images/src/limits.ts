// How large an image file may be: bounds of the memory that a stranger's file can take.

/** Max pixels: 8,192 x 8,192, larger than any radiograph. */
export const maxPixels = 2 ** 26;

/** Max bytes of an image file. */
export const maxFileBytes = 2 ** 28;

const maxSide = 65_535;
const maxShape = 1024;

/** Throws an Error for sides of an image that is not decoded: of none or too many pixels, or longer than any radiograph. */
export function checkSides(width: number, height: number): void {
  if (width * height > maxPixels || width * height === 0) throw new Error(`is ${width} x ${height} pixels, not 1 to ${maxPixels}`);
  if (Math.max(width, height) > Math.min(maxSide, maxShape * Math.min(width, height)))
    throw new Error(`is ${width} x ${height} pixels; sides of up to ${maxSide} are read, none more than ${maxShape} times the other`);
}
