// How jobs end whose ranks are killed or stopped, and that the run goes on from there.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { RanksCheck } from '../check.ts';
import { findingOf } from '../check.ts';
import { hashes, mpis, phantomRun, runAlone, startRun } from '../rank-runs.ts';

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const equal = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b);
const times = 20;

/** A rank that is killed, at many moments. */
export const kills: RanksCheck = {
  name: 'kills',
  check: `SIGKILL of a random rank, ${times} times; --resume on 2 ranks and on 1`,
  bar: 'the job ends within 5 s, not with 0; equal bytes',
  async run(folder) {
    const options = await phantomRun(folder);
    await runAlone(options, join(folder, 'alone'));
    const expected = hashes(join(folder, 'alone'));
    const found = { slowest: 0, zeros: 0, unlike: 0 };
    for (let kill = 0; kill < times; kill++) {
      const out = join(folder, `run-${kill}`);
      const job = startRun(2, { options, out });
      const pids = (await job.lines(2)).flatMap(({ pid }) => (pid === undefined ? [] : [Number(pid)]));
      await job.lines(3 + Math.floor(Math.random() * 8));
      await pause(Math.random() * 100);
      const killed = performance.now();
      process.kill(pids[Math.floor(Math.random() * pids.length)]!, 'SIGKILL');
      const { code } = await job.ended;
      found.slowest = Math.max(found.slowest, performance.now() - killed);
      if (code === 0) found.zeros++;
      cpSync(out, `${out}-alone`, { recursive: true });
      await startRun(2, { options, out, resume: true }).ended;
      await runAlone(options, `${out}-alone`, true);
      for (const each of [out, `${out}-alone`]) if (!equal(hashes(each), expected)) found.unlike++;
    }
    return findingOf(
      { 'ends within 5 s': found.slowest < 5000, 'never with 0': found.zeros === 0, 'equal bytes': found.unlike === 0 },
      `slowest end ${(found.slowest / 1000).toFixed(1)} s, ${2 * times - found.unlike} of ${2 * times} resumed runs with equal bytes`,
    );
  },
};

/** A rank that is stopped. */
export const stopped: RanksCheck = {
  name: 'stopped',
  check: 'SIGSTOP of a rank, timeout 5 s',
  bar: 'the job ends within 8 s and names the rank',
  async run(folder) {
    const options = await phantomRun(folder, { epochs: [20, 20] });
    const job = startRun(2, { options, out: join(folder, 'run') }, { timeoutMs: 5000 });
    await job.lines(6);
    const victim = (await job.lines(2)).find(({ rank, pid }) => rank === 1 && pid !== undefined)!;
    const began = performance.now();
    process.kill(Number(victim['pid']), 'SIGSTOP');
    const { code, errors } = await job.ended;
    const seconds = (performance.now() - began) / 1000;
    return findingOf(
      { 'ends within 8 s': seconds < 8, 'not with 0': code !== 0, 'names rank 1': /rank 1 has not (?:come to|gone on with)/.test(errors) },
      `ended after ${seconds.toFixed(1)} s: ${errors.split('\n').find((line) => line.startsWith('error:')) ?? 'no line'}`,
    );
  },
};

/** A launcher that is asked to end. */
export const terminated: RanksCheck = {
  name: 'terminated',
  check: 'one rank is asked to stop',
  bar: "all ranks save at one step; --resume gives the uninterrupted run's bytes",
  async run(folder) {
    const options = await phantomRun(folder);
    await runAlone(options, join(folder, 'alone'));
    const out = join(folder, 'run');
    const { lines } = await startRun(2, { options, out, stopAt: '1-1' }).ended;
    const ends = lines.flatMap(({ end }) => (end === undefined ? [] : [String(end)]));
    const resumed = await startRun(2, { options, out, resume: true }).ended;
    return findingOf(
      {
        'both ranks stop after the same step': ends.length === 2 && ends[0] === ends[1] && ends[0]!.startsWith('stopped'),
        resumes: resumed.code === 0,
        'equal bytes': equal(hashes(out), hashes(join(folder, 'alone'))),
      },
      `${ends[0] ?? 'no line'}, under ${mpis[0]!.name}`,
    );
  },
};
