// What ranks make of images that cannot be read.
import { alone } from '@hybridmed/ranks';
import { expect, test } from 'vitest';
import { threads } from '../../ranks/test/support/threads.ts';
import { ofAllRanks } from '../src/trainer/bad-data.ts';

const bad = (study: number) => ({ study, reason: `image ${study} is cut short` });

test('the unreadable studies of a step are listed alike, whichever ranks met them', async () => {
  const whole = await ofAllRanks(alone, [bad(7), bad(2), bad(5)]);
  expect(whole).toEqual([bad(2), bad(5), bad(7)]);
  // Passes 1 and 3 of four on rank 0, passes 2 and 4 on rank 1; and a rank that met none.
  for (const met of [
    [[bad(7), bad(5)], [bad(2)]],
    [[], [bad(7), bad(2), bad(5)]],
  ]) {
    const lists = await Promise.all(threads(2).map((ranks) => ofAllRanks(ranks, met[ranks.rank]!)));
    expect(lists).toEqual([whole, whole]);
  }
  expect(await Promise.all(threads(2).map((ranks) => ofAllRanks(ranks, [])))).toEqual([[], []]);
});
