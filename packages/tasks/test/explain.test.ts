// Maps of where a model looks, worked cases of each step: windows, log-odds, guidance, projection to pixels, pictures, words.
import type { CheckpointConfig } from '@hybridmed/model';
import { createModel, formatVersion } from '@hybridmed/model';
import { partSpecs } from '@hybridmed/model/graphs';
import { presetModel } from '@hybridmed/model/presets';
import { openSession } from '@hybridmed/model/session';
import { initialize, rootScope } from '@hybridmed/nn';
import { cpuDevice } from '@hybridmed/onnx';
import { heatPicture, overImage } from '@hybridmed/tasks';
import { ops, trace } from '@hybridmed/tensor';
import { trainWordPiece } from '@hybridmed/text';
import { describe, expect, test } from 'vitest';
import { guidedMap } from '../src/explain/guided-map.ts';
import { pairArrays, pairSpecs, textPair } from '../src/explain/log-odds.ts';
import { boxMask } from '../src/explain/regions.ts';
import { removalMap, removalWindows } from '../src/explain/removal-map.ts';
import { wordsOf } from '../src/explain/words.ts';

describe('removal', () => {
  test('takes windows of about a sixth of the side out, half of one over the next, up to the edge', () => {
    const counts = [1, 4, 7, 12, 14, 24, 37].map((side) => {
      const windows = removalWindows(side);
      const covered = new Set(windows.flat());
      expect([covered.size, Math.min(...covered), Math.max(...covered)]).toEqual([side * side, 0, side * side - 1]);
      for (const window of windows) expect(new Set(window).size).toBe(Math.max(1, Math.round(side / 6)) ** 2);
      return windows.length;
    });
    expect(counts).toEqual([1, 16, 49, 121, 169, 121, 144]);
  });

  test('is what the text’s log-odds lose without a patch, where they lose', async () => {
    const tokenizer = trainWordPiece(['Left pleural effusion.', 'No acute disease.', 'Mild edema.'], { size: 60, minFrequency: 1 });
    const sizes = presetModel('tiny', tokenizer.vocabularySize, tokenizer.special);
    const model = createModel(sizes);
    // Values in general position: with start values all texts are nearly as likely.
    const parameters = Object.fromEntries(
      Object.entries(initialize(model.parameters, 0)).map(([name, { data, shape }]) => [name, { data: data.map((x, i) => x + 0.1 * Math.sin(i)), shape }]),
    );
    const device = cpuDevice({ threads: 1 });
    const config: CheckpointConfig = { formatVersion, preset: 'tiny', stage: 2, model: sizes, input: { resize: 36, findingsLength: 20, impressionLength: 20 } };
    const session = openSession(device, { config, model, tokenizer, parameters }, 'checkpoint');
    const image = { data: Float32Array.from({ length: 32 * 32 }, (_, i) => Math.sin(i / 3)), shape: [1, 1, 32, 32] };
    const pair = textPair(tokenizer, 'Left pleural effusion.', 'No acute disease.', 20);
    const { values } = await removalMap(session, image, pair, 4);
    // The same in one graph, where the decoder masks the patches that are left out.
    const graph = trace(
      {
        data: { image: { shape: [1, 1, 32, 32], dtype: 'f32' }, shown: { shape: [1, 16], dtype: 'f32' }, ...pairSpecs },
        state: partSpecs(model, ['vision.', 'decoder.']),
      },
      ({ image: pixels, shown, ...texts }, state) => {
        const scope = rootScope(state);
        const { tokens } = model.vision.partial!(scope.child('vision'), pixels!, shown!);
        const decoder = scope.child('decoder');
        const memory = model.decoder.projectMemory(decoder, 'image', tokens);
        const nats = (name: string) => {
          const { hidden } = model.decoder.prefill(decoder, 'image', texts[`${name}_input`]!, memory, shown!);
          return ops.sum(ops.crossEntropy(model.decoder.logits(decoder, hidden), texts[`${name}_target`]!), { axes: [1] });
        };
        return { results: { odds: ops.sub(nats('against'), nats('text')) } };
      },
    );
    const [program, state] = [await device.compile(graph), device.createState(parameters)];
    const odds = async (without?: number) => {
      const shown = { data: Float32Array.from({ length: 16 }, (_, patch) => (patch === without ? 0 : 1)), shape: [1, 16] };
      return (await program.run({ ...pairArrays(pair), image, shown }, state))['odds']!.data[0]!;
    };
    const whole = await odds();
    for (let patch = 0; patch < 16; patch++) expect(values[patch]).toBeCloseTo(Math.max(0, whole - (await odds(patch))), 4);
    expect(Math.max(...values)).toBeGreaterThan(0);
    // Against itself a text has nothing to lose.
    const same = await removalMap(session, image, textPair(tokenizer, 'Mild edema.', 'Mild edema.', 20), 4);
    expect(Math.max(...same.values)).toBeCloseTo(0, 5);
    await session.close();
  });

  test('guides to where the gradient is strongest among the patches that matter', () => {
    const removal = { side: 4, values: Float64Array.from({ length: 16 }, (_, patch) => (patch === 5 ? 1 : 0)) };
    const gradient = { side: 32, values: new Float64Array(32 * 32) };
    gradient.values[10 * 32 + 13] = 1;
    gradient.values[28 * 32 + 28] = 5;
    const { side, values } = guidedMap(removal, gradient);
    const at = values.indexOf(Math.max(...values));
    // The gradient is smoothed over some pixels, and the middle of the patch weighs more.
    expect(Math.hypot(Math.floor(at / side) - 10, (at % side) - 13)).toBeLessThan(2);
    expect([side, values[28 * 32 + 28]]).toEqual([32, 0]);
  });
});

describe('from patches to pixels', () => {
  const map = (side: number, values: readonly number[]) => ({ side, values: Float64Array.from(values) });

  test('an image that the encoder saw whole keeps the order of its patches', () => {
    const { values } = overImage(map(2, [0, 1, 2, 3]), { width: 4, height: 4 }, { resize: 8 }, 8);
    expect([values[0], values[3], values[12], values[15]]).toEqual([0, 1, 2, 3]);
    expect(values[5]).toBeCloseTo(0.25 + 0.5);
  });

  test('what was cropped away is NaN; padding is no part of the image', () => {
    const cropped = overImage(map(1, [7]), { width: 10, height: 10 }, { resize: 10 }, 6);
    expect(cropped.values.filter((value) => value === 7)).toHaveLength(36);
    expect(cropped.values[0]).toBeNaN();
    // A wide image in a square: its middle row lies in the middle of the map.
    const wide = overImage(map(3, [0, 0, 0, 5, 5, 5, 0, 0, 0]), { width: 9, height: 3 }, { resize: 9 }, 9);
    expect([wide.width, wide.height]).toEqual([9, 3]);
    expect(wide.values[9 + 4]).toBe(5);
  });

  test('pictures: cold places keep the image, hot ones take the map’s colour, unseen ones are dark', () => {
    const image = { width: 3, height: 1, pixels: Uint8Array.of(100, 100, 100) };
    const { pixels } = heatPicture(image, { width: 3, height: 1, values: Float64Array.of(0, 1, Number.NaN) });
    expect([...pixels.subarray(0, 3)]).toEqual([100, 100, 100]);
    expect(pixels[3]).toBeGreaterThan(150);
    expect([...pixels.subarray(6)]).toEqual([50, 50, 50]);
  });

  test('boxes are cut at the edges of the image', () => {
    const mask = boxMask([{ x: -1, y: 1, width: 3, height: 9 }], { width: 4, height: 3 });
    expect([...mask]).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0]);
  });
});

test('pieces of a word are one word; special tokens are none', () => {
  const pieces = ['[CLS]', 'pneumo', '##thorax', ',', 'small', '[SEP]'];
  const decode = (ids: ArrayLike<number>) =>
    Array.from(ids)
      .map((id) => pieces[id]!)
      .filter((piece) => !piece.startsWith('['))
      .map((piece, i) => (piece.startsWith('##') ? piece.slice(2) : i === 0 ? piece : ` ${piece}`))
      .join('');
  expect(wordsOf({ decode }, [0, 1, 2, 3, 4, 5])).toEqual([
    { word: 'pneumothorax', places: [1, 2] },
    { word: ',', places: [3] },
    { word: 'small', places: [4] },
  ]);
});
