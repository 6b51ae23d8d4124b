// The same run under every MPI that is here, and with four ranks.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RanksCheck } from '../check.ts';
import { findingOf } from '../check.ts';
import { hashes, mpis, phantomRun, runAlone, startRun } from '../rank-runs.ts';

const equal = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Every MPI that is here. */
export const everyMpi: RanksCheck = {
  name: 'mpis',
  check: 'two ranks against one process, sha256 of models and moments, both stages, under each MPI (HYBRIDMED_MPI names folders of more)',
  bar: 'equal under Open MPI 4, Open MPI 5, MPICH and its standard ABI',
  async run(folder) {
    const options = await phantomRun(folder);
    await runAlone(options, join(folder, 'alone'));
    const expected = hashes(join(folder, 'alone'));
    const same: Record<string, boolean> = { 'four MPIs are here': mpis.length >= 4 };
    for (const [i, mpi] of mpis.entries()) {
      const out = join(folder, `mpi-${i}`);
      const { code } = await startRun(2, { options, out }, { mpi }).ended;
      same[mpi.name] = code === 0 && equal(hashes(out), expected);
    }
    return findingOf(same, `${mpis.length} MPIs: ${mpis.map(({ name }) => name).join(', ')}`);
  },
};

type Losses = Readonly<Record<string, number>>;

/** Losses of a run's training steps, by name. */
const stepsOf = (out: string): Losses[] =>
  readFileSync(join(out, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly kind?: string; readonly losses?: Losses })
    .flatMap(({ losses }) => (losses ? [losses] : []));

/** Four ranks with a pass each. */
export const fourRanks: RanksCheck = {
  name: 'four-ranks',
  check: '4 ranks, accumulate 4, 30 steps in all, twice',
  bar: 'losses within 1e-4 of one rank (L_Dis 1e-3), relative; twice the same bytes',
  async run(folder) {
    const options = await phantomRun(folder, { batch: 2, accumulate: 4, limit: 40, epochs: [3, 3] });
    const [one, four, again] = ['one', 'four', 'again'].map((name) => join(folder, name)) as [string, string, string];
    await runAlone(options, one);
    const codes = [(await startRun(4, { options, out: four }).ended).code, (await startRun(4, { options, out: again }).ended).code];
    if (codes.some((code) => code !== 0)) return { ok: false, measured: `the jobs ended with ${codes.join(' and ')}` };
    const [expected, own] = [stepsOf(one), stepsOf(four)];
    const worst = { dis: 0, others: 0 };
    expected.forEach((losses, step) => {
      for (const [name, value] of Object.entries(losses)) {
        const key = name === 'dis' ? 'dis' : 'others';
        worst[key] = Math.max(worst[key], Math.abs(own[step]![name]! - value) / Math.max(Math.abs(value), 1e-12));
      }
    });
    return findingOf(
      {
        'some steps': expected.length > 0 && own.length === expected.length,
        'losses within 1e-4': worst.others <= 1e-4,
        'L_Dis within 1e-3': worst.dis <= 1e-3,
        'the same bytes twice': equal(hashes(four), hashes(again)),
      },
      `${expected.length} lines of losses, largest difference ${worst.others.toExponential(1)}, of L_Dis ${worst.dis.toExponential(1)}`,
    );
  },
};
