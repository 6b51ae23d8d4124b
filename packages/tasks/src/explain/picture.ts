// A heat map over its film as a picture.
import type { GreyImage, Picture } from '@hybridmed/data';
import type { ImageMap } from './projection.ts';

// Inferno's dark-to-light order (matplotlib), which also reads in grey: stops at even distances.
const stops: readonly (readonly [number, number, number])[] = [
  [0, 0, 4],
  [87, 16, 110],
  [188, 55, 84],
  [249, 142, 9],
  [252, 255, 164],
];

function colourOf(share: number): readonly [number, number, number] {
  const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const [low, high] = [stops[Math.floor(at)]!, stops[Math.min(Math.floor(at) + 1, stops.length - 1)]!];
  const part = at - Math.floor(at);
  return [0, 1, 2].map((i) => low[i]! + (high[i]! - low[i]!) * part) as [number, number, number];
}

/** At most so much of a pixel is the map's where nothing else is said: the film shows through everywhere. */
export const usualOpacity = 0.65;

/** For each pixel its share of the map's range, from the least value (0) to the greatest (1); NaN where the film is not seen. */
function stretched({ values }: ImageMap): Float64Array {
  let [least, greatest] = [Infinity, -Infinity];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  const range = greatest > least ? greatest - least : 0;
  return values.map((value) => (Number.isNaN(value) ? value : range > 0 ? (value - least) / range : 0));
}

/** What is not seen of a film is shown this much darker. */
export const unseenBrightness = 0.5;

/**
 * The film in grey with the map over it, stretched from its least to its greatest value: cold places keep the film as it is. Unseen places
 * are darkened.
 */
export function heatPicture(film: GreyImage, map: ImageMap): Picture {
  const { width, height } = film;
  const shares = stretched(map);
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const seen = !Number.isNaN(shares[i]!);
    const share = seen ? shares[i]! : 0;
    const [colour, weight] = [colourOf(share), usualOpacity * share];
    const grey = film.pixels[i]! * (seen ? 1 : unseenBrightness);
    for (let channel = 0; channel < 3; channel++) pixels[3 * i + channel] = Math.round(grey * (1 - weight) + colour[channel]! * weight);
  }
  return { width, height, channels: 3, pixels };
}

/** The map alone as red, green, blue and opacity (4 bytes a pixel): laid over the film with `usualOpacity` it is `heatPicture`, to within rounding. */
export function heatLayer(map: ImageMap): { readonly width: number; readonly height: number; readonly pixels: Uint8ClampedArray<ArrayBuffer> } {
  const pixels = new Uint8ClampedArray(map.width * map.height * 4);
  stretched(map).forEach((share, i) => {
    if (!Number.isNaN(share)) pixels.set([...colourOf(share), 255 * share], 4 * i);
  });
  return { width: map.width, height: map.height, pixels };
}
