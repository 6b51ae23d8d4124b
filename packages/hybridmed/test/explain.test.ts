import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readGrey } from '@hybridmed/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';
import { trainedPhantoms } from './support/trained.ts';

const { folder, remove } = temporaryFolder();
let phantoms: string;
let trained: string;
const explain = (...more: string[]) => run('explain', '--checkpoint', trained, '--device', 'cpu', '--threads', '1', ...more);

beforeAll(async () => {
  ({ phantoms, trained } = await trainedPhantoms(folder));
});
afterAll(remove);

describe('an image explained', () => {
  const query = () => ['--image', join(phantoms, 'images/p000001.png'), '--text', 'left ../../effusion'];

  test('gives the map that points best, or the kinds that are named', async () => {
    const out = join(folder, 'best');
    const best = await explain(...query(), '--out', out);
    expect(best.code, best.log).toBe(0);
    expect(readdirSync(out).toSorted()).toEqual(['explain.json', 'guided.png']);
    expect(best.out).toContain('generated impression: ');
    const { out: printed } = await explain(...query(), '--out', join(folder, 'two'), '--maps', 'cls', 'removal', '--json');
    expect(JSON.parse(printed).maps.map(({ file }: { file: string }) => file)).toEqual(['removal.png', 'cls.png']);
  });

  test('gives a picture of the image’s size for every word and kind, named by nothing that a text can choose', async () => {
    const out = join(folder, 'maps');
    const { code, out: printed, log } = await explain(...query(), '--maps', 'all', '--out', out, '--json');
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

  test('is scored on images with boxes, which need no reports', async () => {
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

  test('usage errors and wrong input: one line', async () => {
    const image = join(phantoms, 'images/p000001.png');
    expect((await explain()).code).toBe(2);
    expect((await explain('--image', image, '--text', 'x', '--maps', 'guess')).code).toBe(2);
    expect((await explain('--image', image)).log).toContain("required option '--text <text>'");
    expect((await explain('--image', image, '--text', 'x', '--data', 'phantom:x')).code).toBe(2);
    const none = await explain('--image', image, '--text', '  ', '--out', join(folder, 'none'));
    expect([none.code, none.log.trim().split('\n').at(-1)]).toEqual([1, 'error: " " holds no word; give --text something to look for']);
    expect(existsSync(join(folder, 'none'))).toBe(false);
    const broken = join(folder, 'broken.png');
    writeFileSync(broken, 'no image');
    expect((await explain('--image', broken, '--text', 'x')).log).toContain(broken);
    const stage1 = await run('explain', '--checkpoint', join(trained, 'checkpoints/stage1-best'), '--image', image, '--text', 'x', '--device', 'cpu');
    expect(stage1.log).toContain('is of stage 1');
    const csv = join(folder, 'plain.csv');
    writeFileSync(csv, `image,findings,impression,split\n${image},the lungs are clear,no acute disease,test\n`);
    expect((await explain('--data', `csv:${csv}`)).log).toContain('with a known region');
    // What the set warns of is said first.
    const odd = join(folder, 'odd.csv');
    const rows = ['1', '0', '1', '0', '1', 'perhaps'].map((edema) => `${image},the lungs are clear,no acute disease,test,${edema}\n`);
    writeFileSync(odd, `image,findings,impression,split,Edema\n${rows.join('')}`);
    expect((await explain('--data', `csv:${odd}`)).log).toMatch(/^warning: .*Edema[^]*with a known region/m);
  });
});
