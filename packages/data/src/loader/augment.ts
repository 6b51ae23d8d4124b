// Augmentations that leave a chest radiograph true to its report: nothing is mirrored, and sides stay where they are.
import { DataError } from '@hybridmed/images/errors';
import { randomUnit } from './random.ts';

/** What is varied in training, each off at 0. Evaluation varies nothing. */
export interface Augmentation {
  /** Max rotation to either side, in degrees (at most 30): patients do not stand quite straight. */
  readonly rotation?: number;
  /** Max fraction (below 1) by which the crop is made smaller and enlarged again: distance to the detector. */
  readonly zoom?: number;
  /** Max shift of all grey levels, as a fraction of their range: exposure. */
  readonly brightness?: number;
  /** Max change of contrast around mid-grey, as a fraction (below 1): exposure and window. */
  readonly contrast?: number;
  /** Standard deviation of noise in each pixel, as a fraction of the range: dose. */
  readonly noise?: number;
  /** Side of a square that is blacked out, as a fraction of the crop's (below 1): the model must not hang on one place. */
  readonly cutout?: number;
}

/** The largest amount of each. */
export const augmentLimits: Readonly<Record<keyof Augmentation, number>> = { rotation: 30, zoom: 0.9, brightness: 1, contrast: 0.99, noise: 1, cutout: 0.99 };

/** Throws a DataError for an amount out of range. */
export function checkAugmentation(augmentation: Augmentation): void {
  for (const [name, limit] of Object.entries(augmentLimits) as [keyof Augmentation, number][]) {
    const amount = augmentation[name] ?? 0;
    if (!(amount >= 0 && amount <= limit)) throw new DataError(`augmentation ${name} is ${amount}; give 0 to ${limit}`);
  }
}

/** Keys of random numbers: seed, epoch, study. */
export type Keys = readonly [seed: number, epoch: number, study: number];

// What each random number of a study is for; the crop's offsets are 2 and 3.
const purposes = { rotation: 10, zoom: 11, brightness: 12, contrast: 13, noise: 14, cutoutTop: 15, cutoutLeft: 16 } as const;
const signed = (amount: number, keys: Keys, purpose: keyof typeof purposes): number => amount * (2 * randomUnit(...keys, purposes[purpose]) - 1);

/**
 * A turned and enlarged crop: bilinear samples of the square (`size` on a side), zeros beyond its edges. Undefined where nothing turns
 * or enlarges.
 */
export function turnedCrop(
  square: Uint8Array,
  size: number,
  crop: number,
  { top, left }: { readonly top: number; readonly left: number },
  { rotation = 0, zoom = 0 }: Augmentation,
  keys: Keys,
): Uint8Array | undefined {
  if (rotation === 0 && zoom === 0) return undefined;
  const angle = (signed(rotation, keys, 'rotation') * Math.PI) / 180;
  const scale = 1 - zoom * randomUnit(...keys, purposes.zoom);
  const [cosine, sine] = [Math.cos(angle) * scale, Math.sin(angle) * scale];
  const middle = (crop - 1) / 2;
  const at = (y: number, x: number): number => (y >= 0 && y < size && x >= 0 && x < size ? square[y * size + x]! : 0);
  const out = new Uint8Array(crop * crop);
  for (let row = 0; row < crop; row++) {
    for (let column = 0; column < crop; column++) {
      const [dy, dx] = [row - middle, column - middle];
      const y = top + middle + cosine * dy + sine * dx;
      const x = left + middle + cosine * dx - sine * dy;
      const [y0, x0] = [Math.floor(y), Math.floor(x)];
      const [fy, fx] = [y - y0, x - x0];
      const value = (1 - fy) * ((1 - fx) * at(y0, x0) + fx * at(y0, x0 + 1)) + fy * ((1 - fx) * at(y0 + 1, x0) + fx * at(y0 + 1, x0 + 1));
      out[row * crop + column] = Math.round(value);
    }
  }
  return out;
}

/** Varies the grey levels of one plane of floats in [-1, 1], in place; they stay in it. */
export function varyLevels(plane: Float32Array, crop: number, { brightness = 0, contrast = 0, noise = 0, cutout = 0 }: Augmentation, keys: Keys): void {
  if (brightness > 0 || contrast > 0 || noise > 0) {
    const gain = 1 + signed(contrast, keys, 'contrast');
    const shift = 2 * signed(brightness, keys, 'brightness');
    for (let i = 0; i < plane.length; i++) {
      const value = plane[i]! * gain + shift + (noise > 0 ? 2 * noise * gaussian(keys, i) : 0);
      plane[i] = Math.min(1, Math.max(-1, value));
    }
  }
  if (cutout > 0) {
    const side = Math.round(cutout * crop);
    const [top, left] = [purposes.cutoutTop, purposes.cutoutLeft].map((purpose) => Math.floor(randomUnit(...keys, purpose) * (crop - side + 1)));
    for (let row = top!; row < top! + side; row++) plane.fill(-1, row * crop + left!, row * crop + left! + side);
  }
}

/** A normally distributed number [Box and Muller]. */
function gaussian(keys: Keys, i: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - randomUnit(...keys, purposes.noise, i, 0)));
  return radius * Math.cos(2 * Math.PI * randomUnit(...keys, purposes.noise, i, 1));
}
