// The contract without MPI: one process alone, agreement, and a slow network over ranks of this process.
import { agree, alone, collectiveMs, delayed } from '@hybridmed/ranks';
import { describe, expect, test } from 'vitest';
import { threads } from './support/threads.ts';

test('alone: sums and gathers are its own numbers, and abort throws its line', async () => {
  const own = Float32Array.of(1, 2);
  await alone.allReduce(own);
  expect(own).toEqual(Float32Array.of(1, 2));
  const gathered = await alone.allGather(own);
  expect(gathered).toEqual(own);
  expect(gathered).not.toBe(own);
  await alone.broadcast(new Uint8Array(3));
  await expect(alone.broadcast(new Uint8Array(3), 1)).rejects.toThrow('rank 1 is none of the 1');
  await alone.barrier();
  expect(() => alone.abort('no')).toThrow('no');
  await agree(alone, { version: '1' });
});

describe('agreement', () => {
  const outcome = async (facts: readonly Record<string, string>[]): Promise<string[]> =>
    Promise.all(
      threads(facts.length).map((ranks) =>
        agree(ranks, facts[ranks.rank]!).then(
          () => 'agreed',
          (error: Error) => error.message,
        ),
      ),
    );

  test('of equal facts in any order', async () => {
    expect(
      await outcome([
        { a: '1', b: 'é' },
        { b: 'é', a: '1' },
        { a: '1', b: 'é' },
      ]),
    ).toEqual(['agreed', 'agreed', 'agreed']);
  });

  test('names the first rank that differs, on all ranks; long values are cut', async () => {
    expect(await outcome([{ a: '1' }, { a: '1' }, { a: '2' }, { a: '3' }])).toEqual(
      Array.from({ length: 4 }, () => 'rank 2 has a 2, rank 0 has 1; start all ranks alike'),
    );
    expect((await outcome([{ a: 'x'.repeat(500) }, {}]))[1]).toBe(`rank 1 has a none, rank 0 has ${'x'.repeat(117)}...; start all ranks alike`);
  });
});

describe('a delayed network', () => {
  const network = { latencyMs: 20, bytesPerSecond: 1e6 };

  test('takes what the model says, and changes no number', async () => {
    const start = performance.now();
    const sums = await Promise.all(
      threads(2).map(async (ranks) => {
        const slow = delayed(ranks, network);
        const data = new Float32Array(12_500).fill(ranks.rank + 1);
        await slow.allReduce(data);
        return data[7];
      }),
    );
    const took = performance.now() - start;
    expect(sums).toEqual([3, 3]);
    // 2 messages of 25,000 bytes: 2 x (20 + 25) ms.
    expect(collectiveMs('allReduce', 50_000, 2, network)).toBe(90);
    expect(took).toBeGreaterThan(88);
  });

  test('counts messages of rings and trees; one rank alone waits for nothing', () => {
    expect(collectiveMs('allGather', 1000, 5, network)).toBe(4 * 21);
    expect(collectiveMs('broadcast', 1000, 5, network)).toBe(3 * 21);
    expect(collectiveMs('barrier', 0, 8, network)).toBe(60);
    for (const name of ['allReduce', 'allGather', 'broadcast', 'barrier'] as const) expect(collectiveMs(name, 1000, 1, network)).toBe(0);
  });
});
