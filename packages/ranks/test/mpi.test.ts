// Jobs of several ranks under every MPI of this machine: what collectives give, and how jobs end that go wrong.
import { describe, expect, test } from 'vitest';
import type { Ended } from './support/mpis.ts';
import { mpis, run, skipped, start } from './support/mpis.ts';

const first = mpis[0]!;
const byRank = ({ lines }: Ended): Record<string, unknown>[] => lines.toSorted((a, b) => Number(a['rank']) - Number(b['rank']));
/** Milliseconds from now to a job's end. */
async function untilEnd(ended: Promise<Ended>): Promise<Ended & { after: number }> {
  const now = performance.now();
  return { ...(await ended), after: performance.now() - now };
}

describe.skipIf(mpis.length === 0)(`collectives ${skipped}`, () => {
  const checkCollectives = (ended: Ended, size: number) => {
    expect(ended.errors).toBe('');
    expect(ended.code).toBe(0);
    const lines = byRank(ended);
    expect(lines).toHaveLength(size);
    const factor = (size * (size + 1)) / 2;
    const ranks = Array.from({ length: size }, (_, i) => i);
    for (const [rank, line] of lines.entries()) {
      expect(line).toMatchObject({
        rank,
        size,
        node: { rank, size },
        gathered: ranks.flatMap((r) => [r, r * 10]),
        rows: ranks.map((r) => r + 0.5),
        empty: 0,
        bytes: Array.from({ length: 5 }, () => size - 1),
      });
      const [small, large, total] = line['sum'] as [number, number, number];
      expect(small).toBeCloseTo(0.001 * factor, 6);
      expect(large).toBeCloseTo(0.999 * factor, 5);
      expect(total).toBeCloseTo(49_950 * factor, 0);
      const [tenths, tiny] = line['doubles'] as [number, number];
      expect(Math.abs(tenths - 0.1 * factor)).toBeLessThan(1e-15 * factor);
      expect(tiny).toBeCloseTo(size * 1e-12, 20);
      // Rank 1 came 300 ms late: the others' event loops went on.
      expect(line['turns']).toBeGreaterThan(100);
    }
    // Equal bits everywhere.
    for (const line of lines) expect(line['sum']).toEqual(lines[0]!['sum']);
    for (const line of lines) expect(line['doubles']).toEqual(lines[0]!['doubles']);
  };

  test.each(mpis.map((mpi) => [mpi.name, mpi] as const))('two ranks, %s', async (_, mpi) => {
    const ended = await run(mpi, 2, 'collectives');
    checkCollectives(ended, 2);
    expect(ended.lines[0]!['library']).toMatch(/^(Open MPI|MPICH|Intel MPI|MVAPICH) \d+\.\d/);
    expect(String(ended.lines[0]!['library']).endsWith('the standard ABI')).toBe(mpi.library?.includes('libmpi_abi') ?? false);
  });

  test('four ranks', async () => checkCollectives(await run(first, 4, 'collectives'), 4));

  test('calls that are not waited for run in order; a root that is no rank is refused', async () => {
    const { code, lines } = await run(first, 2, 'together');
    expect(code).toBe(0);
    expect(lines.filter((line) => 'one' in line).map(({ one, two }) => [one, two])).toEqual([
      [2, 1],
      [2, 1],
    ]);
    expect(lines.filter((line) => 'refused' in line).map((line) => line['refused'])).toEqual(
      Array.from({ length: 2 }, () => 'rank 9 is none of the 2; give 0 to 1'),
    );
  });

  test('a rank that waits leaves its core to others', async () => {
    const waiting = byRank(await run(first, 2, 'waiting'))[0]!;
    expect(waiting['cpu']).toBeLessThan(0.25);
  });
});

describe.skipIf(mpis.length === 0)(`agreement ${skipped}`, () => {
  test('every rank refuses with the rank that differs, the fact and both values', async () => {
    const { lines } = await run(first, 3, 'agreement');
    const lineOf = (key: string) => lines.flatMap((line) => (key in line ? [line[key]] : []));
    expect(lineOf('refused')).toEqual(Array.from({ length: 3 }, () => 'rank 2 has data 9f3c, rank 0 has 71aa; start all ranks alike'));
    expect(lineOf('extra')).toEqual(Array.from({ length: 3 }, () => 'rank 1 has more x, rank 0 has none; start all ranks alike'));
  });

  test('ranks that make different calls end with a line that names both', async () => {
    const { code, errors } = await run(first, 2, 'mismatch');
    expect(code).not.toBe(0);
    expect(errors).toContain(
      'error: rank 1 is at allReduce of 3 elements (collective 1), rank 0 at broadcast of 40 elements from rank 0 (collective 1); all ranks must make the same calls in the same order\n',
    );
  });

  const hydra = mpis.find(({ flags }) => flags.length === 0);
  const openMpi = mpis.find(({ flags, path }) => flags.length > 0 && path !== undefined);
  test.skipIf(!hydra || !openMpi)('launcher and library of two MPIs are refused (skipped where MPICH or Open MPI is missing)', async () => {
    const { code, errors } = await run(hydra!, 2, 'together', { otherLibrary: openMpi!.path });
    expect(code).not.toBe(0);
    expect(errors).toMatch(
      /^error: Hydra or PMI-2 started 2 processes, but Open MPI [\d.]+ \(.*libmpi\.so\.40\) connects 1: launcher and library are of two MPIs/m,
    );
  });
});

describe.skipIf(mpis.length === 0)(`jobs that go wrong ${skipped}`, () => {
  const launchers = mpis.filter(({ launcher }, i) => mpis.findIndex((other) => other.launcher === launcher) === i);

  test.each(launchers.map((mpi) => [mpi.name, mpi] as const))('a rank that is killed ends the job within 5 s, %s', async (_, mpi) => {
    const job = start(mpi, 2, 'endless');
    const lines = await job.lines(2);
    process.kill(Number(lines[Math.floor(Math.random() * 2)]!['pid']), 'SIGKILL');
    const { code, after } = await untilEnd(job.ended);
    expect(code).not.toBe(0);
    expect(after).toBeLessThan(5000);
  });

  test.each([0, 1])('rank %i, stopped, is named within the timeout and 3 s', async (stopped) => {
    const job = start(first, 2, 'stopping', { timeoutMs: 1500, environment: { STOPPED_RANK: String(stopped) } });
    await job.lines(2);
    const { code, errors, after } = await untilEnd(job.ended);
    expect(code).not.toBe(0);
    expect(errors).toMatch(
      stopped === 0
        ? /^error: rank 0 has not come to allReduce of 10 elements/m
        : /^error: rank 1 has not come to allReduce of 10 elements \(collective \d+\)/m,
    );
    expect(after).toBeLessThan(1500 + 3000 + 1000);
  });

  test('a rank whose event loop does not turn is named', async () => {
    const { code, errors } = await run(first, 2, 'busy', { timeoutMs: 1000 });
    expect(code).not.toBe(0);
    expect(errors).toContain('error: rank 1 has not come to barrier (collective 2) within 1000 ms');
  });

  test('abort ends all ranks with its line and code', async () => {
    const { code, errors } = await run(first, 3, 'aborted');
    expect(code).toBe(7);
    expect(errors.match(/^error: rank gives up$/gm)).toHaveLength(1);
  });
});
