// Decoded images of a page as grey pixels, with the limits and the luminance of the packages' own readers.
import type { GreyImage } from '@hybridmed/data/browser';
import { luminanceOf, maxPixels } from '@hybridmed/data/browser';
import { HybridmedError } from '@hybridmed/tensor';

function checkSides({ width, height }: { readonly width: number; readonly height: number }): void {
  if (width * height === 0 || width * height > maxPixels)
    throw new HybridmedError(`the image is ${width} x ${height} pixels, not 1 to ${maxPixels}; give a smaller one`);
}

/** RGBA pixels as grey. */
export function greyOfPixels({ width, height, data }: ImageData): GreyImage {
  checkSides({ width, height });
  return { width, height, pixels: luminanceOf(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 4) };
}

// Rows decoded at a time, at four bytes per pixel.
const stripRows = 512;

/** The luminance of a bitmap, transparent pixels over black. */
export function greyOfBitmap(bitmap: ImageBitmap): GreyImage {
  const { width, height } = bitmap;
  checkSides(bitmap);
  const pixels = new Uint8Array(width * height);
  const context = new OffscreenCanvas(width, Math.min(stripRows, height)).getContext('2d', { willReadFrequently: true })!;
  for (let top = 0; top < height; top += stripRows) {
    const rows = Math.min(stripRows, height - top);
    context.fillRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, -top);
    pixels.set(greyOfPixels(context.getImageData(0, 0, width, rows)).pixels, top * width);
  }
  return { width, height, pixels };
}
