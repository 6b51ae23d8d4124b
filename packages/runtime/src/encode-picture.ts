// Pixels as picture files: PNG where every value counts, JPEG for pages.
import { DataError } from '@hybridmed/data/browser';

/** Pixels, row-major, `channels` values from 0 to 255 each: grey or RGB. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array;
}

/** A picture as the bytes of a PNG or JPEG file, its longest side at most `side` pixels. Throws a DataError where the pixels do not fill the sides. */
export async function encodePicture(
  { width, height, channels, pixels }: Picture,
  format: 'png' | 'jpeg',
  { side }: { side?: number } = {},
): Promise<Uint8Array> {
  if (width < 1 || height < 1 || pixels.length !== width * height * channels)
    throw new DataError(`encodePicture: ${pixels.length} values for ${width} x ${height} pixels of ${channels}; give width x height x channels`);
  // Whoever writes other files does without it.
  const { default: sharp } = await import('sharp');
  const whole = sharp(pixels, { raw: { width, height, channels } });
  const image = (side === undefined ? whole : whole.resize(side, side, { fit: 'inside', withoutEnlargement: true })).toColourspace(
    channels === 1 ? 'b-w' : 'srgb',
  );
  return format === 'png' ? image.png().toBuffer() : image.jpeg({ quality: 82 }).toBuffer();
}
