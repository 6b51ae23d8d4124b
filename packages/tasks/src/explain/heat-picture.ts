// A heat map over its image as a picture.
import type { GreyImage } from '@hybridmed/data';
import type { Picture } from '@hybridmed/runtime/files';
import type { ImageMap } from './projection.ts';

// Inferno's dark-to-light order (matplotlib), which also reads in grey: stops at even distances.
const stops: readonly (readonly [number, number, number])[] = [
  [0, 0, 4],
  [87, 16, 110],
  [188, 55, 84],
  [249, 142, 9],
  [252, 255, 164],
];

function colourOf(fraction: number): readonly [number, number, number] {
  const at = Math.min(Math.max(fraction, 0), 1) * (stops.length - 1);
  const [low, high] = [stops[Math.floor(at)]!, stops[Math.min(Math.floor(at) + 1, stops.length - 1)]!];
  const part = at - Math.floor(at);
  return [0, 1, 2].map((i) => low[i]! + (high[i]! - low[i]!) * part) as [number, number, number];
}

/** The map's max opacity by default: the image shows through everywhere. */
export const usualOpacity = 0.65;

/** Each pixel's place in the map's range, from the min (0) to the max (1); NaN where the encoder does not see the image. */
function stretched({ values }: ImageMap): Float64Array {
  let [min, max] = [Infinity, -Infinity];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  const range = max > min ? max - min : 0;
  return values.map((value) => (Number.isNaN(value) ? value : range > 0 ? (value - min) / range : 0));
}

/** Brightness of the parts of an image that the encoder does not see. */
export const unseenBrightness = 0.5;

/**
 * The image in grey with the map over it, stretched from its min to its max: cold places keep the image as it is. Places that the encoder
 * does not see are darkened.
 */
export function heatPicture(image: GreyImage, map: ImageMap): Picture {
  const { width, height } = image;
  const heat = stretched(map);
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const isSeen = !Number.isNaN(heat[i]!);
    const fraction = isSeen ? heat[i]! : 0;
    const [colour, weight] = [colourOf(fraction), usualOpacity * fraction];
    const grey = image.pixels[i]! * (isSeen ? 1 : unseenBrightness);
    for (let channel = 0; channel < 3; channel++) pixels[3 * i + channel] = Math.round(grey * (1 - weight) + colour[channel]! * weight);
  }
  return { width, height, channels: 3, pixels };
}

/** The map alone as red, green, blue and opacity (4 bytes a pixel): laid over the image with `usualOpacity` it is `heatPicture`, to within rounding. */
export function heatLayer(map: ImageMap): { readonly width: number; readonly height: number; readonly pixels: Uint8ClampedArray<ArrayBuffer> } {
  const pixels = new Uint8ClampedArray(map.width * map.height * 4);
  stretched(map).forEach((fraction, i) => {
    if (!Number.isNaN(fraction)) pixels.set([...colourOf(fraction), 255 * fraction], 4 * i);
  });
  return { width: map.width, height: map.height, pixels };
}
