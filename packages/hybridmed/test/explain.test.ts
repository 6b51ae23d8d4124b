import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readGrey } from '@hybridmed/data';
import { cpuDevice } from '@hybridmed/onnx';
import { loadCheckpoint } from 'hybridmed/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guidedMap } from '../../tasks/src/explain/guided.ts';
import { pairArrays } from '../../tasks/src/explain/log-odds.ts';
import { heatPicture } from '../../tasks/src/explain/picture.ts';
import { overImage } from '../../tasks/src/explain/projection.ts';
import { boxMask } from '../../tasks/src/explain/regions.ts';
import { openRemoval, removalGraph, removalWindows } from '../../tasks/src/explain/removal.ts';
import { wordsOf } from '../../tasks/src/explain/words.ts';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';

const { folder, remove } = temporaryFolder();
const trained = join(folder, 'run');
let phantoms: string;
const explain = (...more: string[]) => run('explain', '--checkpoint', trained, '--device', 'cpu', '--threads', '1', ...more);

beforeAll(async () => {
  phantoms = await smallPhantoms(folder);
  const { code, log } = await run(
    'pretrain',
    '--data',
    `phantom:${phantoms}`,
    '--preset',
    'tiny',
    '--steps',
    '2,2',
    '--device',
    'cpu',
    '--threads',
    '1',
    '--workers',
    '0',
    '--no-report',
    '--out',
    trained,
  );
  expect(code, log).toBe(0);
});
afterAll(remove);

describe('a film explained', () => {
  const asked = () => ['--image', join(phantoms, 'images/p000001.png'), '--text', 'left ../../effusion'];

  test('gives the map that points best, or the kinds that are named', async () => {
    const out = join(folder, 'best');
    const best = await explain(...asked(), '--out', out);
    expect(best.code, best.log).toBe(0);
    expect(readdirSync(out).toSorted()).toEqual(['explain.json', 'guided.png']);
    expect(best.out).toContain('generated impression: ');
    const { out: printed } = await explain(...asked(), '--out', join(folder, 'two'), '--maps', 'cls', 'removal', '--json');
    expect(JSON.parse(printed).maps.map(({ file }: { file: string }) => file)).toEqual(['removal.png', 'cls.png']);
  });

  test('gives a picture of the film’s size for every word and kind, named by nothing that a text can choose', async () => {
    const out = join(folder, 'maps');
    const { code, out: printed, log } = await explain(...asked(), '--maps', 'all', '--out', out, '--json');
    expect(code, log).toBe(0);
    const { maps, text } = JSON.parse(printed);
    expect(text).toBe('left ../../effusion');
    expect([...new Set(maps.map(({ kind }: { kind: string }) => kind))]).toEqual(['guided', 'removal', 'gradient', 'alignment', 'attention', 'cls']);
    expect(maps.filter(({ kind }: { kind: string }) => kind === 'alignment')[1]).toEqual({ file: 'alignment-01-left.png', kind: 'alignment', word: 'left' });
    expect(readdirSync(out).toSorted()).toEqual(['explain.json', ...maps.map(({ file }: { file: string }) => file)].toSorted());
    const { width, height } = await readGrey(join(out, maps[0].file));
    expect([width, height]).toEqual([40, 40]);
    expect(JSON.parse(readFileSync(join(out, 'explain.json'), 'utf8'))).toEqual(JSON.parse(printed));
  });

  test('is scored on phantoms with one finding, beside what chance gives', async () => {
    const { code, out, log } = await explain('--data', `phantom:${phantoms}`, '--split', 'train', '--json');
    expect(code, log).toBe(0);
    const { studies, chance, maps } = JSON.parse(out);
    expect(studies).toBeGreaterThan(5);
    expect(chance).toBeGreaterThan(0);
    for (const { pointing, byFinding } of maps) {
      const counts = Object.values(byFinding) as { pointing: number; studies: number }[];
      expect(counts.reduce((sum, row) => sum + row.studies, 0)).toBe(studies);
      expect(counts.reduce((sum, row) => sum + row.pointing * row.studies, 0) / studies).toBeCloseTo(pointing.value, 9);
    }
    expect((await explain('--data', `phantom:${phantoms}`, '--split', 'train', '--limit', '3')).out).toContain('gradient of the log-odds');
  });

  test('is scored on films with boxes, which need no reports', async () => {
    const rsna = join(folder, 'rsna');
    mkdirSync(join(rsna, 'images'), { recursive: true });
    const ids = Array.from({ length: 12 }, (_, i) => `p${String(i).padStart(6, '0')}`);
    for (const id of ids) copyFileSync(join(phantoms, 'images', `${id}.png`), join(rsna, 'images', `${id}.png`));
    const rows = ids.map((id, i) => (i % 2 === 0 ? `${id},8,10,12,14,1` : `${id},,,,,0`));
    writeFileSync(join(rsna, 'stage_2_train_labels.csv'), `patientId,x,y,width,height,Target\n${rows.join('\n')}\n`);
    const { code, out, log } = await explain('--data', `rsna:${rsna}`, '--split', 'train', '--json');
    expect(code, log).toBe(0);
    const { studies, chance, maps } = JSON.parse(out);
    expect(studies).toBeGreaterThan(0);
    expect(studies).toBeLessThanOrEqual(6);
    // Of 40 x 40 pixels, some are cropped away.
    expect(chance).toBeGreaterThan((12 * 14) / 1600);
    expect(Object.keys(maps[0].byFinding)).toEqual(['boxes']);
  });

  test('wrong use and wrong input: one line', async () => {
    const film = join(phantoms, 'images/p000001.png');
    expect((await explain()).code).toBe(2);
    expect((await explain('--image', film, '--text', 'x', '--maps', 'guess')).code).toBe(2);
    expect((await explain('--image', film)).log).toContain("required option '--text <text>'");
    expect((await explain('--image', film, '--text', 'x', '--data', 'phantom:x')).code).toBe(2);
    const none = await explain('--image', film, '--text', '  ', '--out', join(folder, 'none'));
    expect([none.code, none.log.trim()]).toEqual([1, 'error: " " holds no word; give --text something to look for']);
    expect(existsSync(join(folder, 'none'))).toBe(false);
    const broken = join(folder, 'broken.png');
    writeFileSync(broken, 'no film');
    expect((await explain('--image', broken, '--text', 'x')).log).toContain(broken);
    const stage1 = await run('explain', '--checkpoint', join(trained, 'checkpoints/stage1-best'), '--image', film, '--text', 'x', '--device', 'cpu');
    expect(stage1.log).toContain('is of stage 1');
    const csv = join(folder, 'plain.csv');
    writeFileSync(csv, `image,findings,impression,split\n${film},the lungs are clear,no acute disease,test\n`);
    expect((await explain('--data', `csv:${csv}`)).log).toContain('with a known region');
  });
});

describe('removal', () => {
  test('takes windows of about a sixth of the side out, half of one over the next, up to the edge', () => {
    const counts = [1, 4, 7, 12, 14, 24, 37].map((side) => {
      const windows = removalWindows(side);
      const held = new Set(windows.flat());
      expect([held.size, Math.min(...held), Math.max(...held)]).toEqual([side * side, 0, side * side - 1]);
      for (const window of windows) expect(new Set(window).size).toBe(Math.max(1, Math.round(side / 6)) ** 2);
      return windows.length;
    });
    expect(counts).toEqual([1, 16, 49, 121, 169, 121, 144]);
  });

  test('is what the text’s log-odds lose without a patch, where they lose', async () => {
    const { model, parameters, tokenizer } = await loadCheckpoint(join(trained, 'checkpoints/stage2-best'));
    const device = cpuDevice({ threads: 1 });
    const state = device.createState(parameters);
    const image = { data: Float32Array.from({ length: 32 * 32 }, (_, i) => Math.sin(i / 3)), shape: [1, 1, 32, 32] };
    const pair = pairArrays(tokenizer, 'Left pleural effusion.', 'No acute disease.', 20);
    const { values } = await (await openRemoval(device, state, model, 4)).map(image, pair);
    const program = await device.compile(removalGraph(model));
    const odds = async (without?: number) => {
      const shown = { data: Float32Array.from({ length: 16 }, (_, patch) => (patch === without ? 0 : 1)), shape: [1, 16] };
      return (await program.run({ ...pair, image, shown }, state))['odds']!.data[0]!;
    };
    const whole = await odds();
    for (let patch = 0; patch < 16; patch++) expect(values[patch]).toBeCloseTo(Math.max(0, whole - (await odds(patch))), 4);
    expect(Math.max(...values)).toBeGreaterThan(0);
    // Against itself a text has nothing to lose.
    const same = await (await openRemoval(device, state, model, 4)).map(image, pairArrays(tokenizer, 'Mild edema.', 'Mild edema.', 20));
    expect(Math.max(...same.values)).toBeCloseTo(0, 5);
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

  test('a film the encoder saw whole keeps the order of its patches', () => {
    const { values } = overImage(map(2, [0, 1, 2, 3]), { width: 4, height: 4 }, { resize: 8 }, 8);
    expect([values[0], values[3], values[12], values[15]]).toEqual([0, 1, 2, 3]);
    expect(values[5]).toBeCloseTo(0.25 + 0.5);
  });

  test('what was cropped away is NaN; padding is no part of the film', () => {
    const cropped = overImage(map(1, [7]), { width: 10, height: 10 }, { resize: 10 }, 6);
    expect(cropped.values.filter((value) => value === 7)).toHaveLength(36);
    expect(cropped.values[0]).toBeNaN();
    // A wide film in a square: its middle row lies in the middle of the map.
    const wide = overImage(map(3, [0, 0, 0, 5, 5, 5, 0, 0, 0]), { width: 9, height: 3 }, { resize: 9 }, 9);
    expect([wide.width, wide.height]).toEqual([9, 3]);
    expect(wide.values[9 + 4]).toBe(5);
  });

  test('pictures: cold places keep the film, hot ones take the map’s colour, unseen ones are dark', () => {
    const film = { width: 3, height: 1, pixels: Uint8Array.of(100, 100, 100) };
    const { pixels } = heatPicture(film, { width: 3, height: 1, values: Float64Array.of(0, 1, Number.NaN) });
    expect([...pixels.subarray(0, 3)]).toEqual([100, 100, 100]);
    expect(pixels[3]).toBeGreaterThan(150);
    expect([...pixels.subarray(6)]).toEqual([50, 50, 50]);
  });

  test('boxes are cut at the film', () => {
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
