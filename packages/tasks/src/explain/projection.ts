// From patches back to the image: the inverse of how an image became the encoder's input.
import type { InputConfig } from '@hybridmed/model';
import type { PatchMap } from './maps.ts';

/** A map over an image's pixels, row-major; NaN where the encoder did not see the image (outside the crop). */
export interface ImageMap {
  readonly width: number;
  readonly height: number;
  readonly values: Float64Array;
}

/** Spreads a patch map over an image of these sides, bilinearly between the patches' centres. The image was padded to a square, resized and centre-cropped to `crop` pixels. */
export function overImage(
  { side, values }: PatchMap,
  { width, height }: { width: number; height: number },
  { resize }: Pick<InputConfig, 'resize'>,
  crop: number,
): ImageMap {
  const scale = resize / Math.max(width, height);
  const offset = Math.floor((resize - crop) / 2);
  const edge = (length: number) => Math.floor((resize - Math.max(1, Math.round(length * scale))) / 2);
  // Position of each pixel along an axis: in patches, and whether inside the crop.
  const along = (length: number) =>
    Array.from({ length }, (_, i) => {
      const inCrop = (i + 0.5) * scale + edge(length) - offset;
      const at = Math.min(Math.max((inCrop / crop) * side - 0.5, 0), side - 1);
      return { low: Math.floor(at), weight: at - Math.floor(at), inside: inCrop >= 0 && inCrop <= crop };
    });
  const [columns, rows] = [along(width), along(height)];
  const get = (row: number, column: number) => values[Math.min(row, side - 1) * side + Math.min(column, side - 1)]!;
  const result = new Float64Array(width * height);
  rows.forEach((row, y) => {
    columns.forEach((column, x) => {
      const top = get(row.low, column.low) * (1 - column.weight) + get(row.low, column.low + 1) * column.weight;
      const bottom = get(row.low + 1, column.low) * (1 - column.weight) + get(row.low + 1, column.low + 1) * column.weight;
      result[y * width + x] = row.inside && column.inside ? top * (1 - row.weight) + bottom * row.weight : Number.NaN;
    });
  });
  return { width, height, values: result };
}
