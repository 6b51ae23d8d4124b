import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chexbertLabels, chexbertPredictions } from '@hybridmed/eval/labeller';
import type { SafetensorsFile } from '@hybridmed/nn';
import { openSafetensors } from '@hybridmed/nn';
import { openDevice } from '@hybridmed/runtime/device';
import type { Device, HostArray } from '@hybridmed/tensor';
import { openBertLabeller, openBertScorer } from '@hybridmed/tasks/texts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fourteenHeads as fourteen, labellerFolder } from '../../../tools/support/labeller.ts';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
const shared = join(import.meta.dirname, '../../../../shared');
const goldens = join(shared, 'goldens-2');
const absent = !existsSync(goldens);
const read = (name: string) => JSON.parse(readFileSync(join(goldens, name), 'utf8'));
let device: Device;

const writeLabeller = (name: string, ...rest: [heads?: readonly number[], change?: (arrays: Record<string, HostArray>) => void]) =>
  labellerFolder(join(folder, name), ...rest);

beforeAll(async () => {
  ({ device } = await openDevice('cpu', { threads: 1 }));
});
afterAll(async () => {
  await device.close();
  remove();
});

describe.skipIf(absent)('the reference labeller (skipped where shared/goldens-2 is absent)', () => {
  test('logits within 1e-4, the same classes', async () => {
    const golden = read('labeller-heads.json');
    const tensors: SafetensorsFile = await openSafetensors(readFileSync(join(goldens, 'labeller-heads.safetensors')));
    const labeller = await openBertLabeller(join(goldens, 'published/labeller-heads'), device);
    const { data } = await labeller.logits(golden.texts);
    let start = 0;
    for (const [head, classes] of fourteen.entries()) {
      const expected = new Float32Array(golden.texts.length * classes);
      await tensors.readInto(`out.logits.${head}`, expected);
      const [offset, scale] = [start, Math.max(...expected.map(Math.abs))];
      const worst = expected.reduce((most, value, i) => {
        const [text, of] = [Math.floor(i / classes), i % classes];
        return Math.max(most, Math.abs(value - data[text * 54 + offset + of]!));
      }, 0);
      expect(worst / scale, `head ${head}`).toBeLessThan(1e-4);
      start += classes;
    }
    expect(await labeller.classes(golden.texts)).toEqual(golden.predicted);
    labeller.close();
  });

  test('BERTScore within 1e-6', async () => {
    const golden = read('bertscore.json');
    const scorer = await openBertScorer(join(shared, 'data/hf/tiny_bert_coldfire'), device);
    const { ours } = await scorer.score({ ours: golden.candidates }, golden.references);
    for (const key of ['precision', 'recall', 'f1'] as const)
      ours.forEach((score, i) => expect(Math.abs(score[key] - golden[key][i])).toBeLessThanOrEqual(1e-6));
    await scorer.close();
  });

  // F1 of bert-score 0.3.13 on the same folder and pairs: the last layer with idf, and layer 1 without.
  test.each([
    ['idf', { idf: true }, [0.7805467, 0.9999998, 0.7501613, 0.5335572, 0.5546325, 0, 0.7968162, 0.8120409, 0.7829042, 0.7783783, 0.9147502, 0.7790243]],
    ['layer 1', { layer: 1 }, [0.8240327, 1, 0.7489092, 0.5317918, 0.5524771, 0, 0.7730865, 0.8161612, 0.7910957, 0.7870351, 0.9356325, 0.7939418]],
  ])('BERTScore with %s is that of the published implementation', async (_, options, expected) => {
    const golden = read('bertscore.json');
    const scorer = await openBertScorer(join(shared, 'data/hf/tiny_bert_coldfire'), device, options);
    const { ours } = await scorer.score({ ours: golden.candidates }, golden.references);
    ours.forEach(({ f1 }, i) => expect(Math.abs(f1 - expected[i]!)).toBeLessThanOrEqual(1e-6));
    await scorer.close();
  });
});

describe('a labeller', () => {
  test('reads each text alone, whatever stands beside it, in any order and white space', async () => {
    const labeller = await openBertLabeller(writeLabeller('labeller', fourteen), device);
    const texts = ['No acute finding.', 'Left effusion. The heart edema.', '', 'No acute finding.'];
    const classes = await labeller.classes(texts);
    expect(classes.map((own) => own.length)).toEqual(texts.map(() => chexbertLabels.length));
    expect(new Set(classes.map((own) => own.join())).size).toBe(3);
    for (const [i, text] of texts.entries()) expect((await labeller.classes([text]))[0]).toEqual(classes[i]);
    expect(await labeller.classes(['  no  ACUTE\n finding. '])).toEqual([classes[0]]);
    const { data, shape } = await labeller.logits(texts);
    expect(chexbertPredictions({ data: data as Float32Array, shape })).toEqual(classes);
    labeller.close();
  });

  test('of other heads, or none, is refused in one line', async () => {
    const message = (path: string) =>
      openBertLabeller(path, device).then(
        () => 'opened',
        (error: Error) => error.message,
      );
    expect(await message(writeLabeller('few', [4, 2]))).toMatch(/few: has 2 heads of 4, 2 classes; CheXbert's are 13 of 4/);
    const headless = writeLabeller('headless', fourteen, (arrays) => {
      for (const name of Object.keys(arrays)) if (name.includes('linear_heads')) delete arrays[name];
    });
    expect(await message(headless)).toMatch(/headless: has no tensors "linear_heads.N.weight"/);
    const cut = writeLabeller('cut', fourteen, (arrays) => delete arrays['module.linear_heads.5.bias']);
    expect(await message(cut)).toMatch(/cut: has no linear_heads.5.bias though 14 heads; the checkpoint is cut short/);
    const pickle = join(folder, 'pickle');
    mkdirSync(pickle);
    writeFileSync(join(pickle, 'chexbert.pth'), '');
    expect(await message(pickle)).toMatch(/is a pickle[^]*"model_state_dict"/);
  });
});

describe('a scorer', () => {
  test('gives equal texts 1, an empty one 0, and takes any layer', async () => {
    const path = writeLabeller('scorer', fourteen);
    const references = ['No acute finding.', 'The heart.', 'Left effusion.'];
    const systems = { same: references, other: ['Edema.', '', 'Left effusion. No edema.'] };
    const last = await openBertScorer(path, device);
    expect([last.layer, last.depth]).toEqual([2, 2]);
    const scores = await last.score(systems, references);
    for (const { f1 } of scores.same) expect(f1).toBeCloseTo(1, 6);
    expect(scores.other[1]).toEqual({ precision: 0, recall: 0, f1: 0 });
    // All of the reference's pieces are in the text, not the other way round.
    expect(scores.other[2]!.recall).toBeGreaterThan(scores.other[2]!.precision);
    await last.close();
    const first = await openBertScorer(path, device, { layer: 1 });
    const earlier = await first.score(systems, references);
    expect(earlier.other[0]).not.toEqual(scores.other[0]);
    await expect(first.score({ few: ['a'] }, references)).rejects.toThrow('BERTScore: 1 texts of "few" but 3 references; give one for each');
    await first.close();
    await expect(openBertScorer(path, device, { layer: 3 })).rejects.toThrow('layer 3 is none of its 2 layers; give 1 to 2');
  });
});
