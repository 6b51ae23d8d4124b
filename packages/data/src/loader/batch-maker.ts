// Makes one batch from what the loader asks: the same code on the loader's thread and in its workers, so that their batches are the same.
import { DataError } from '@hybridmed/images/errors';
import { centreCrop, writeCrop } from '@hybridmed/inputs';
import { decodeSquare } from '@hybridmed/images';
import { FileReader, Scratch } from '@hybridmed/images/bytes';
import type { RangeReader } from '@hybridmed/images/bytes';
import type { Study } from '../study.ts';
import { inLanes } from '../threads/lanes.ts';
import type { Augmentation, Keys } from './augment.ts';
import { turnedCrop, varyLevels } from './augment.ts';
import type { ImageArrays, StudyArrays } from './batch.ts';
import { collateTexts } from './collate.ts';
import { randomBelow } from './random.ts';
import { SquareCache } from './square-cache.ts';
import type { SquareCacheMemory } from './square-cache.ts';

/** Token ids of a study's sections. */
export interface StudyTokens {
  readonly findings: Int32Array;
  readonly impression: Int32Array;
}

type StudyTexts = Pick<Study, 'findings' | 'impression'>;

/** A study of a batch: which one it is, its image where that is to be read, and its texts, or their tokens where they are known already. */
export interface BatchItem {
  readonly study: number;
  readonly image?: string;
  /** Which of its fixed copies the image is to be, 0 the centre crop; without it the crop is the epoch's. */
  readonly copy?: number | undefined;
  /** Where its square is kept. */
  readonly slot: number;
  readonly texts?: StudyTexts;
  readonly tokens?: StudyTokens;
}

type ImageItem = BatchItem & { readonly image: string };

/** A batch to make. */
export interface BatchRequest {
  readonly epoch: number;
  /** Whether the batch has texts. */
  readonly texts: boolean;
  readonly items: readonly BatchItem[];
  /** Memory to write the images to, or more than they need. */
  readonly buffer: ArrayBufferLike;
}

/** A batch, and the tokens that were not known; or of studies for which there is none the reasons, in the batch's order. */
export type MadeBatch =
  | { readonly arrays: StudyArrays | ImageArrays; readonly tokens: readonly (StudyTokens | undefined)[] }
  | { readonly unreadable: ReadonlyMap<number, string> };

/** What all batches of a loader have in common. */
export interface BatchSettings {
  readonly image: { readonly resize: number; readonly size: number; readonly channels: number };
  /** Max tokens, special ones included. */
  readonly findingsLength: number;
  readonly impressionLength: number;
  readonly pad: number;
  readonly seed: number;
  readonly augmentation: Augmentation;
  readonly cache: SquareCacheMemory;
}

/** What encodes texts. */
export interface Encoder {
  encode(text: string, maxLength: number): number[];
}

/** Encodes a study's sections. */
export const encodeStudy = (encoder: Encoder, { findings, impression }: StudyTexts, { findingsLength, impressionLength }: BatchSettings): StudyTokens => ({
  findings: Int32Array.from(encoder.encode(findings, findingsLength)),
  impression: Int32Array.from(encoder.encode(impression, impressionLength)),
});

/** Makes batches on one thread. */
export interface BatchMaker {
  make(request: BatchRequest): Promise<MadeBatch>;
  /** Closes the files that are open. */
  close(): void;
}

/** Makes a maker of batches. */
export function createBatchMaker(settings: BatchSettings, encoder: Encoder | undefined, remote: RangeReader): BatchMaker {
  const { image, pad, seed, augmentation } = settings;
  const { resize, size: crop, channels } = image;
  const cache = new SquareCache(settings.cache);
  const values = channels * crop * crop;
  const files = new FileReader();
  // One for each image at work: batches may be in flight at once.
  const spare: Scratch[] = [];

  const square = async ({ image: name, slot }: ImageItem, scratch: Scratch): Promise<Uint8Array> => {
    const cached = cache.get(slot);
    if (cached) return cached;
    const decoded = await decodeSquare(await files.read(name, remote, scratch), name, resize, scratch);
    cache.put(slot, decoded);
    return decoded;
  };

  function write(pixels: Uint8Array, epoch: number, { study, copy }: BatchItem, out: Float32Array): void {
    if (copy === 0) return writeCrop(pixels, resize, crop, centreCrop(resize, crop), channels, out, 0);
    const keys: Keys = [seed, copy ?? epoch, study];
    const room = resize - crop + 1;
    const offset = { top: randomBelow(room, ...keys, 2), left: randomBelow(room, ...keys, 3) };
    const turned = turnedCrop(pixels, resize, crop, offset, augmentation, keys);
    if (turned) writeCrop(turned, crop, crop, { top: 0, left: 0 }, 1, out, 0);
    else writeCrop(pixels, resize, crop, offset, 1, out, 0);
    varyLevels(out.subarray(0, crop * crop), crop, augmentation, keys);
    for (let channel = 1; channel < channels; channel++) out.copyWithin(channel * crop * crop, 0, crop * crop);
  }

  async function make({ epoch, texts: withTexts, items, buffer }: BatchRequest): Promise<MadeBatch> {
    const images = items.filter((item): item is ImageItem => item.image !== undefined);
    const data = new Float32Array(buffer, 0, images.length * values);
    const problems: string[] = [];
    await inLanes(images, async (item, row) => {
      const scratch = spare.pop() ?? new Scratch();
      try {
        write(await square(item, scratch), epoch, item, data.subarray(row * values, (row + 1) * values));
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        problems[row] = error.message;
      } finally {
        spare.push(scratch);
      }
    });
    if (problems.length > 0) return { unreadable: new Map(images.flatMap(({ study }, row) => (problems[row] === undefined ? [] : [[study, problems[row]]]))) };
    const pixels = { data, shape: [images.length, channels, crop, crop] };
    if (!withTexts) return { arrays: { image: pixels }, tokens: [] };
    const fresh = items.map((item) => (item.tokens ? undefined : encodeStudy(encoder!, item.texts!, settings)));
    const tokens = items.map((item, i) => item.tokens ?? fresh[i]!);
    const texts = collateTexts(
      tokens.map(({ findings }) => findings),
      tokens.map(({ impression }) => impression),
      pad,
    );
    return { arrays: { image: pixels, ...texts }, tokens: fresh };
  }

  return { make, close: () => files.close() };
}
