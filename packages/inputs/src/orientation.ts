// How a picture is to be turned: Exif's orientation in JPEG and PNG, as cameras and scanners write it.
import type { GreyImage } from './grey-image.ts';

/** Exif's orientation, 1 (upright) to 8, of a JPEG or PNG; 1 where there is none. */
export function orientationOf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at: number, length: number) => String.fromCharCode(...bytes.subarray(at, at + length));
  const png = bytes[0] === 0x89;
  for (let at = png ? 8 : 2; at + 12 < bytes.length;) {
    const length = png ? view.getUint32(at) + 12 : bytes[at + 1] === 0xff ? 1 : view.getUint16(at + 2) + 2;
    if (!png && (bytes[at] !== 0xff || bytes[at + 1] === 0xda)) break;
    if (png && text(at + 4, 4) === 'eXIf') return ofTiff(view, at + 8, at + length - 4);
    if (!png && bytes[at + 1] === 0xe1 && text(at + 4, 6) === 'Exif\0\0') return ofTiff(view, at + 10, at + length);
    at += length;
  }
  return 1;
}

/** The orientation in the first directory of a TIFF header. */
function ofTiff(view: DataView, start: number, end: number): number {
  if (start + 8 > end || end > view.byteLength) return 1;
  const little = view.getUint8(start) === 0x49;
  const first = start + view.getUint32(start + 4, little);
  const count = first + 2 <= end ? view.getUint16(first, little) : 0;
  for (let at = first + 2; at < first + 2 + 12 * count && at + 12 <= end; at += 12) {
    const value = view.getUint16(at + 8, little);
    if (view.getUint16(at, little) === 0x0112) return view.getUint16(at + 2, little) === 3 && value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** The image as its orientation wants it shown: rows and columns exchanged from 5 on, after those that run backwards are turned. */
export function turned({ orientation = 1, ...image }: GreyImage): GreyImage {
  if (orientation === 1) return image;
  const { width, height, pixels } = image;
  const [left, up] = [[2, 3, 7, 8].includes(orientation), [3, 4, 6, 7].includes(orientation)];
  const start = (left ? width - 1 : 0) + (up ? (height - 1) * width : 0);
  const steps = [left ? -1 : 1, up ? -width : width] as const;
  const [wide, high, across, down] = orientation < 5 ? [width, height, ...steps] : [height, width, steps[1], steps[0]];
  const out = new Uint8Array(pixels.length);
  for (let y = 0, to = 0; y < high; y++) for (let x = 0, from = start + y * down; x < wide; x++, to++, from += across) out[to] = pixels[from]!;
  return { ...image, width: wide, height: high, pixels: out };
}
