import type { Loader, Study } from '@hybridmed/data';
import type { HostArray } from '@hybridmed/tensor';
import { expect, test } from 'vitest';
import type { ImageDecoder } from '../src/evaluate/image-decoder.ts';
import type { ImageLosses } from '../src/evaluate/image-losses.ts';
import { imageLosses } from '../src/evaluate/image-losses.ts';
import { normalLikelihood, normalSentences } from '../src/evaluate/normal-sentences.ts';

const study = (i: number, more: Partial<Study> = {}): Study => ({
  id: `s${i}`,
  report: `r${i}`,
  image: `${i}.png`,
  findings: '',
  impression: `text ${i}`,
  split: 'test',
  ...more,
});
const ints = (values: readonly number[], shape: number[]): HostArray => ({ data: Int32Array.from(values), shape });

/** A loader whose image of study i is the number i and whose text is the token i, `batch` studies at a time. */
function loaderOf(studies: readonly Study[], batch: number): Loader {
  async function* batches({ startStep = 0 }: { startStep?: number } = {}) {
    for (let start = startStep * batch; start < studies.length; start += batch) {
      const own = studies.slice(start, start + batch).map((_, i) => start + i);
      const shape = [own.length, 1];
      const mask = { data: new Float32Array(own.length).fill(1), shape };
      yield {
        arrays: { image: { data: Float32Array.from(own), shape: [own.length, 1, 1, 1] }, input: ints(own, shape), target: ints(own, shape), target_mask: mask },
      };
    }
  }
  return { studies, batches } as unknown as Loader;
}

/** A decoder whose nats are 100 times the image plus the sum of the target, so that every pairing shows. Counts what it encodes. */
function countingDecoder(): ImageDecoder & { encoded: number } {
  return {
    encoded: 0,
    async memory({ data, shape }) {
      this.encoded += shape[0]!;
      return { data: Float32Array.from(data), shape: [data.length, 1, 1] };
    },
    async losses(memory, { target, target_mask: mask }) {
      const [rows, length] = target.shape as [number, number];
      const sum = (of: HostArray, row: number) => Array.from(of.data.subarray(row * length, (row + 1) * length)).reduce((a, b) => a + b, 0);
      return {
        nats: { data: Float32Array.from({ length: rows }, (_, row) => 100 * memory.data[row]! + sum(target, row)), shape: [rows] },
        tokens: { data: Float32Array.from({ length: rows }, (_, row) => sum(mask, row)), shape: [rows] },
      };
    },
    async logLikelihoods({ data }, texts) {
      return {
        data: Float32Array.from(Array.from(data).flatMap((image) => texts.map((text) => -(100 * image + text.length)))),
        shape: [data.length, texts.length],
      };
    },
    release: () => undefined,
  };
}

test('own losses, those with wrong images, and those of sentences, each image encoded once', async () => {
  const studies = Array.from({ length: 7 }, (_, i) => study(i, { patient: `p${i % 5}` }));
  const decoder = countingDecoder();
  const { own, mismatched, sentences } = await imageLosses(decoder, loaderOf(studies, 3), {
    sentences: ['normal chest', 'effusion'],
    draws: 4,
  });
  expect(decoder.encoded).toBe(7);
  expect(own.nats).toEqual(studies.map((_, i) => 100 * i + i));
  expect(own.tokens).toEqual(studies.map(() => 1));
  expect(mismatched).toHaveLength(4);
  for (const nats of mismatched) {
    // Each study's text with the image of one other patient, each image once.
    const images = nats.map((value, i) => (value - i) / 100);
    expect(images.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    images.forEach((image, i) => expect(studies[image]!.patient).not.toBe(studies[i]!.patient));
  }
  expect(new Set(mismatched.map((nats) => nats.join())).size).toBeGreaterThan(1);
  expect(sentences.shape).toEqual([7, 2]);
  studies.forEach((_, i) => ['normal chest', 'effusion'].forEach((text, s) => expect(sentences.data[2 * i + s]).toBe(-(100 * i + text.length))));
});

test('memories that are too many to be held are shuffled in blocks of like size', async () => {
  const studies = Array.from({ length: 40 }, (_, i) => study(i));
  // A memory is 4 bytes, a batch of two 8: blocks of at most 12 batches, which for 20 batches are two of 10.
  const options = { sentences: [], draws: 3, mostBytes: 100 };
  const { mismatched } = await imageLosses(countingDecoder(), loaderOf(studies, 2), options);
  for (const nats of mismatched) {
    const images = nats.map((value, i) => (value - i) / 100);
    expect(images.toSorted((a, b) => a - b)).toEqual(studies.map((_, i) => i));
    images.forEach((image, i) => expect(Math.floor(image / 20)).toBe(Math.floor(i / 20)));
  }
  // However little is to be held, a block has four batches, and none is left over that is smaller.
  const small = await imageLosses(countingDecoder(), loaderOf(studies.slice(0, 22), 2), { ...options, mostBytes: 1 });
  for (const nats of small.mismatched) {
    const blocks = nats.map((value, i) => [Math.floor((value - i) / 100), i].map((place) => Math.min(1, Math.floor(place / 8))));
    for (const [image, own] of blocks) expect(image).toBe(own);
  }
});

test('losses of some batches are those that all give, whatever blocks they lie in', async () => {
  const studies = Array.from({ length: 45 }, (_, i) => study(i));
  for (const mostBytes of [1, 100, 1e6]) {
    const options = { sentences: ['normal chest'], draws: 3, mostBytes };
    const whole = await imageLosses(countingDecoder(), loaderOf(studies, 2), options);
    for (const bounds of [
      [0, 23],
      [0, 1, 2, 22, 23],
      [0, 9, 9, 14, 23],
    ]) {
      const pieces: ImageLosses[] = [];
      for (const [i, end] of bounds.slice(1).entries())
        pieces.push(await imageLosses(countingDecoder(), loaderOf(studies, 2), { ...options, own: [bounds[i]!, end] }));
      expect(pieces.flatMap(({ own }) => own.nats)).toEqual(whole.own.nats);
      expect(pieces.flatMap(({ sentences }) => Array.from(sentences.data))).toEqual(Array.from(whole.sentences.data));
      expect(whole.mismatched.map((_, draw) => pieces.flatMap(({ mismatched }) => mismatched[draw] ?? []))).toEqual(whole.mismatched);
    }
  }
  // Of far away blocks nothing is encoded.
  const decoder = countingDecoder();
  await imageLosses(decoder, loaderOf(studies, 2), { sentences: [], mostBytes: 1, own: [9, 10] });
  expect(decoder.encoded).toBe(2 + 8);
});

test('one study, or one patient with most of them, is not shuffled', async () => {
  const options = { sentences: [] };
  expect((await imageLosses(countingDecoder(), loaderOf([study(0)], 2), options)).mismatched).toEqual([]);
  const one = [0, 1, 2].map((i) => study(i, { patient: i < 2 ? 'a' : 'b' }));
  const { own, mismatched } = await imageLosses(countingDecoder(), loaderOf(one, 2), options);
  expect([own.nats.length, mismatched.length]).toEqual([3, 0]);
});

test('normal sentences are the commonest impressions of normal training studies, as first written', () => {
  const train = [
    study(0, { impression: 'Edema.', tags: 'Pulmonary Edema' }),
    study(1, { impression: 'Clear lungs.', tags: 'normal' }),
    study(2, { impression: 'No acute disease.', tags: 'normal' }),
    study(3, { impression: 'no acute disease .', tags: 'normal' }),
  ];
  expect(normalSentences(train)).toEqual(['No acute disease.', 'Clear lungs.']);
  // By labels where there are no tags; by the text where there is neither.
  expect(normalSentences([study(0, { labels: { edema: 1 } }), study(1, { labels: { edema: 0 } })])).toEqual(['text 1']);
  expect(normalSentences([study(0, { impression: 'Large left effusion.' }), study(1, { impression: 'No acute finding.' })])).toEqual(['No acute finding.']);
});

test('the AUC of normal sentences is by tags where there are such, and by what impressions name', () => {
  const studies = [study(0, { impression: 'Edema.', tags: 'normal' }), study(1, { impression: 'Clear.', tags: 'Opacity' })];
  const likelihoods = { data: Float64Array.of(-1, -2), shape: [2, 1] };
  const { byData, byText, sentences } = normalLikelihood(studies, ['Clear.'], likelihoods)!;
  expect([byData!.auc!.value, byText.auc!.value, sentences]).toEqual([1, 0, ['Clear.']]);
  expect(normalLikelihood([study(0), study(1)], ['Clear.'], likelihoods)).not.toHaveProperty('byData');
  expect(normalLikelihood(studies, [], { data: new Float64Array(0), shape: [2, 0] })).toBeUndefined();
});
