// An image as a shard holds it: the square that training crops from, as PNG, which loses nothing.
import { defaultRangeReader, readImageBytes } from '@hybridmed/images/bytes';
import { decodeGrey, decodeSquare, encodePlainPng } from '@hybridmed/images';
import type { Box } from '../study.ts';

/** An image to pack, and boxes in its pixels. */
export interface PackRequest {
  readonly image: string;
  readonly size: number;
  readonly boxes?: readonly Box[];
}

/** The image as PNG, and its boxes. */
export interface PackedImage {
  readonly png: Uint8Array;
  readonly boxes?: readonly Box[];
}

/** The image as PNG, and the boxes in the square's pixels. Throws a DataError that names the file. */
export async function packImage({ image, size, boxes }: PackRequest): Promise<PackedImage> {
  const bytes = await readImageBytes(image, defaultRangeReader);
  const pixels = await decodeSquare(bytes, image, size);
  const png = encodePlainPng({ width: size, height: size, pixels });
  if (boxes === undefined || boxes.length === 0) return boxes ? { png, boxes } : { png };
  const { width, height } = await decodeGrey(bytes, image);
  const scale = size / Math.max(width, height);
  const [left, top] = [width, height].map((side) => Math.floor((size - Math.max(1, Math.round(side * scale))) / 2)) as [number, number];
  return { png, boxes: boxes.map((box) => ({ x: box.x * scale + left, y: box.y * scale + top, width: box.width * scale, height: box.height * scale })) };
}
