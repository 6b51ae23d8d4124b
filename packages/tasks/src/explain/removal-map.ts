// What a text loses when patches are left out of an image: occlusion among the encoder's tokens, where nothing has to be painted over.
import { takeRows } from '@hybridmed/model/host-arrays';
import type { ModelSession } from '@hybridmed/model/session';
import type { HostArray } from '@hybridmed/tensor';
import type { TextPair } from './log-odds.ts';
import type { PatchMap } from './maps.ts';

// A window's side in patches: about a sixth of the image's, as large as a finding; neighbours overlap by half.
const windowsAcross = 6;

/** Windows over side x side patches as lists of the patches inside. */
export function removalWindows(side: number): number[][] {
  const width = Math.max(1, Math.round(side / windowsAcross));
  const step = Math.max(1, Math.floor(width / 2));
  const starts = Array.from({ length: Math.ceil((side - width) / step) + 1 }, (_, i) => Math.min(i * step, side - width));
  const inside = Array.from({ length: width }, (_, i) => i);
  return starts.flatMap((top) => starts.map((left) => inside.flatMap((y) => inside.map((x) => (top + y) * side + left + x))));
}

// Images of one batch: more need memory and save no time.
const batchSize = 32;

/** The tokens that are left of memories (B, N, D), as many in every row. */
function leftTokens({ data, shape }: HostArray, removed: readonly (readonly number[])[]): HostArray {
  const [rows, patches, width] = shape as [number, number, number];
  const flat = { data, shape: [rows * patches, width] };
  const left = removed.flatMap((own, row) =>
    Array.from({ length: patches }, (_, patch) => patch).flatMap((patch) => (own.includes(patch) ? [] : [row * patches + patch])),
  );
  return { ...takeRows(flat, left), shape: [rows, left.length / rows, width] };
}

/** The sum of log probabilities of target tokens (1, T), for each row of logits (B, T, vocabulary). */
function logProbabilities({ data, shape }: HostArray, target: HostArray): number[] {
  const [rows, length, vocabulary] = shape as [number, number, number];
  return Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let at = 0; at < length; at++) {
      const start = (row * length + at) * vocabulary;
      let greatest = -Infinity;
      for (let id = 0; id < vocabulary; id++) greatest = Math.max(greatest, data[start + id]!);
      let total = 0;
      for (let id = 0; id < vocabulary; id++) total += Math.exp(data[start + id]! - greatest);
      sum += data[start + target.data[at]!]! - greatest - Math.log(total);
    }
    return sum;
  });
}

const repeated = ({ data, shape }: HostArray, rows: number): HostArray => {
  const copy = new Int32Array(rows * data.length);
  for (let row = 0; row < rows; row++) copy.set(data, row * data.length);
  return { data: copy, shape: [rows, ...shape.slice(1)] };
};

/** The image branch's log-odds of the first text against the second, in nats, by the patches that are left out: as many in every list. */
async function oddsWithout(model: ModelSession, image: HostArray, pair: TextPair, removed: readonly (readonly number[])[], patches: number): Promise<number[]> {
  // Of an image without any patch nothing can be read.
  if (removed[0]!.length === patches) return removed.map(() => 0);
  const mask = new Float32Array(removed.length * patches).fill(1);
  removed.forEach((own, row) => own.forEach((patch) => (mask[row * patches + patch] = 0)));
  const { memory } = await model.imageFeatures(image, ['memory'], { patchMask: { data: mask, shape: [removed.length, patches] } });
  const left = leftTokens(memory, removed);
  const [text, against] = [pair.text, pair.against].map(async ({ input, target }) =>
    logProbabilities(await model.logits('image', { memory: left, ids: repeated(input, removed.length) }), target),
  );
  const [own, other] = [await text!, await against!];
  return own.map((value, row) => value - other[row]!);
}

/** Each patch's mean over the windows that hold it of the log-odds lost without the window, where they are lost; of one image (1, C, S, S). */
export async function removalMap(model: ModelSession, image: HostArray, pair: TextPair, side: number): Promise<PatchMap> {
  const windows = removalWindows(side);
  const patches = side * side;
  const [whole] = await oddsWithout(model, image, pair, [[]], patches);
  const odds: number[] = [];
  for (let start = 0; start < windows.length; start += batchSize)
    odds.push(...(await oddsWithout(model, image, pair, windows.slice(start, start + batchSize), patches)));
  const [loss, count] = [new Float64Array(patches), new Float64Array(patches)];
  windows.forEach((window, i) => {
    for (const patch of window) {
      loss[patch]! += whole! - odds[i]!;
      count[patch]!++;
    }
  });
  return { side, values: loss.map((sum, patch) => Math.max(0, sum / count[patch]!)) };
}
