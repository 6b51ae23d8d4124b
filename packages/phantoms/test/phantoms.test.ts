import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkDataSet, openDataSet, readGrey } from '@hybridmed/data';
import { phantomFindings, phantomStudy, writePhantoms } from '@hybridmed/phantoms';
import { afterAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

describe('a phantom study', () => {
  test('is the same for seed and index, and another for others', () => {
    expect(phantomStudy(1, 2, 32)).toEqual(phantomStudy(1, 2, 32));
    expect(phantomStudy(1, 2, 32).image.pixels).not.toEqual(phantomStudy(1, 3, 32).image.pixels);
    expect(phantomStudy(2, 2, 32).image.pixels).not.toEqual(phantomStudy(1, 2, 32).image.pixels);
    expect(phantomStudy(1, 2, 48).impression).toBe(phantomStudy(1, 2, 32).impression);
  });

  test('has every finding, in many wordings', () => {
    const counts = Object.fromEntries(phantomFindings.map((name) => [name, 0]));
    const impressions = new Set<string>();
    for (let index = 0; index < 1500; index++) {
      const { findings, impression, labels } = phantomStudy(0, index, 2);
      expect(findings.length).toBeGreaterThan(10);
      expect(impression.split(' ').length).toBeGreaterThanOrEqual(3);
      for (const name of phantomFindings) counts[name]! += labels[name];
      impressions.add(impression);
    }
    for (const name of phantomFindings) expect(counts[name], name).toBeGreaterThan(100);
    expect(impressions.size).toBeGreaterThan(400);
  });

  test('shows its findings on the side it names: the patient’s left is on the right', () => {
    let seen = 0;
    for (let index = 0; seen < 25; index++) {
      const { image, present } = phantomStudy(0, index, 64);
      const effusion = present.find(({ name, sides }) => name === 'effusion' && sides.length === 1);
      if (!effusion) continue;
      seen++;
      const bit = 1 << phantomFindings.indexOf('effusion');
      let [left, right] = [0, 0];
      image.mask.forEach((value, i) => {
        if (value & bit && i % 64 >= 32) left++;
        else if (value & bit) right++;
      });
      expect(effusion.sides[0] === 'left' ? left > right : right > left).toBe(true);
      expect(left + right).toBeGreaterThan(10);
    }
  });

  test('a finding changes the image where its mask is', () => {
    let checked = 0;
    for (let index = 0; checked < 20; index++) {
      const { image, present } = phantomStudy(0, index, 64);
      const nodule = present.find(({ name }) => name === 'nodule');
      if (!nodule) continue;
      checked++;
      const bit = 1 << phantomFindings.indexOf('nodule');
      const inside = [...image.pixels].filter((_, i) => image.mask[i]! & bit);
      expect(inside.length).toBeGreaterThan(4);
      expect(inside.reduce((a, b) => a + b, 0) / inside.length).toBeGreaterThan(60);
    }
  });
});

describe('a phantom set on disk', () => {
  const set = join(folder, 'set');

  test('is written whole, opened, and checked without a leak', async () => {
    expect(await writePhantoms(set, { studies: 40, size: 36, seed: 5 })).toMatchObject({ written: true });
    const data = await openDataSet(`phantom:${set}`);
    expect(data.studies).toHaveLength(40);
    expect(Object.keys(data.studies[0]!.labels!)).toEqual([...phantomFindings]);
    const report = await checkDataSet(`phantom:${set}`, { images: true });
    expect(report).toMatchObject({ kept: 40, leaks: { patients: 0, studies: 0, images: 0 }, unreadable: [] });
    const { image } = phantomStudy(5, 7, 36);
    expect([...(await readGrey(join(set, 'images/p000007.png'))).pixels]).toEqual([...image.pixels]);
    expect([...(await readGrey(join(set, 'masks/p000007.png'))).pixels]).toEqual([...image.mask]);
  });

  test('is not made twice, and never over something else', async () => {
    expect(await writePhantoms(set, { studies: 40, size: 36, seed: 5 })).toMatchObject({ written: false });
    await expect(writePhantoms(set, { studies: 41, size: 36, seed: 5 })).rejects.toThrow('exists and is not this phantom set');
    writeFileSync(join(folder, 'file'), '');
    await expect(writePhantoms(join(folder, 'file'), { studies: 3, size: 32 })).rejects.toThrow(/file: .*;/);
    expect(existsSync(join(folder, 'none'))).toBe(false);
    expect(readdirSync(folder).toSorted()).toEqual(['file', 'set']);
  });
});
