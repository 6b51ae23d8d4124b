import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measures } from '@hybridmed/tasks/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';

const { folder, remove } = temporaryFolder();
const out = join(folder, 'ablation');
let phantoms: string;
const ablate = (...more: string[]) =>
  run(
    'ablate',
    '--data',
    `phantom:${phantoms}`,
    '--preset',
    'tiny',
    '--steps',
    '2,2',
    '--seeds',
    '2',
    '--device',
    'cpu',
    '--threads',
    '1',
    '--workers',
    '0',
    '--out',
    out,
    ...more,
  );
const table = () => JSON.parse(readFileSync(join(out, 'ablation.json'), 'utf8'));

beforeAll(async () => {
  phantoms = await smallPhantoms(folder);
  const csv = join(phantoms, 'phantoms.csv');
  const withColumn = (row: string, i: number) => `${row},${i === 0 ? 'mass' : i === 1 ? 'unsure' : '1'}`;
  writeFileSync(csv, `${readFileSync(csv, 'utf8').trimEnd().split('\n').map(withColumn).join('\n')}\n`);
  const { code, log } = await ablate('--variants', 'no-dis', 'no-image', 'unshared');
  expect(code, log).toBe(0);
  // Of eight runs on one data set.
  expect(log.match(/^warning: .*column "mass" is no label: row 2 holds "unsure"/gm), log).toHaveLength(1);
}, 600_000);
afterAll(remove);

describe('an ablation', () => {
  test('compares each variant with the full method of the same seeds, study by study', () => {
    const { rows, seeds, failures } = table();
    expect([seeds, failures]).toEqual([[0, 1], []]);
    expect(rows.map(({ name }: { name: string }) => name)).toEqual(['full', 'no-dis', 'no-image', 'unshared']);
    const [full, other, blind] = rows;
    expect(Object.keys(blind.figures)).toEqual(['caption', 'captionNats', 'summary']);
    expect(blind.parameters.secondBranch).toBe(0);
    expect(full.figures.caption.difference).toBeUndefined();
    const names = measures.map(({ name }) => name).filter((name) => name in full.figures);
    expect(names).toEqual(expect.arrayContaining(['caption', 'captionNats', 'gap', 'normalAuc', 'cider', 'recall10', 'zeroShot']));
    for (const name of names) {
      const { difference, bySeed } = other.figures[name];
      expect(difference.bySeed).toEqual(bySeed.map((value: number, s: number) => value - full.figures[name].bySeed[s]));
      expect(difference.overStudies.low).toBeLessThanOrEqual(difference.overStudies.value);
      expect(difference.overSeeds.high).toBeGreaterThanOrEqual(difference.overSeeds.value);
    }
  });

  test('compare says of the runs what the table says of them, and more', async () => {
    const runs = (name: string) => [0, 1].map((seed) => join(out, `seed-${seed}`, name));
    const { code, out: printed, log } = await run('compare', '--a', ...runs('no-dis'), '--b', ...runs('full'), '--json');
    expect(code, log).toBe(0);
    const report = JSON.parse(printed);
    const [full, other] = table().rows;
    for (const name of ['caption', 'gap', 'recall10']) {
      const figure = report.figures.find((own: { name: string }) => own.name === name);
      const [{ overStudies, bySeed }, expected] = [figure.difference, other.figures[name].difference];
      expect(bySeed).toEqual(expected.bySeed);
      for (const end of ['value', 'low', 'high'] as const) expect(overStudies[end]).toBeCloseTo(expected.overStudies[end], 9);
      expect(figure.b.bySeed).toEqual(full.figures[name].bySeed);
    }
    expect(report.figures.some(({ name }: { name: string }) => name.startsWith('prompted AUC: '))).toBe(true);
    const alone = await run('compare', '--a', ...runs('full'));
    expect([alone.code, alone.out.includes('gap to other images, nats per study'), alone.out.includes('A - B')]).toEqual([0, true, false]);
    const none = await run('compare', '--a', join(out, 'nowhere'));
    expect([none.code, none.log.trim().split('\n').at(-1)]).toEqual([1, expect.stringContaining('nowhere')]);
    const noHead = await run('compare', '--a', ...runs('full'), '--classes', 'effusion');
    expect([noHead.code, noHead.log]).toEqual([1, expect.stringContaining('has no label head')]);
  });

  test('counts what an unshared decoder costs', () => {
    const [full, , , unshared] = table().rows;
    expect(unshared.parameters.total - full.parameters.total).toBe(unshared.parameters.decoder - full.parameters.decoder);
    expect(unshared.parameters.secondBranch).toBeGreaterThan(2 * full.parameters.secondBranch);
  });

  test('variants share the stage 1 of the full method where they can', () => {
    const checkpoints = (name: string) => readdirSync(join(out, 'seed-1', name, 'checkpoints')).toSorted();
    expect(checkpoints('no-dis')).toEqual(['stage2-best', 'stage2-last']);
    expect(checkpoints('unshared')).toEqual(['stage1-best', 'stage1-last', 'stage2-best', 'stage2-last']);
    const config = JSON.parse(readFileSync(join(out, 'seed-1', 'no-dis', 'run.json'), 'utf8'));
    expect(config).toMatchObject({ seed: 1, dis: 0, stage1: join(out, 'seed-1', 'full') });
  });

  test('does not run again what exists, and makes what is missing', async () => {
    const model = (name: string) => statSync(join(out, 'seed-0', name, 'checkpoints/stage2-best/model.safetensors')).mtimeMs;
    const before = [model('full'), model('no-dis')];
    const whole = table();
    rmSync(join(out, 'seed-0', 'no-dis', 'evaluation.json'));
    rmSync(join(out, 'seed-0', 'unshared'), { recursive: true });
    const { code, out: printed } = await ablate('--variants', 'no-dis', 'no-image', 'unshared');
    expect(code).toBe(0);
    expect([model('full'), model('no-dis')]).toEqual(before);
    expect(existsSync(join(out, 'seed-0', 'no-dis', 'evaluation.json'))).toBe(true);
    expect(table()).toEqual(whole);
    for (const words of ['L_Cap per token, lower is better', 'without L_Dis', '95 % over seeds', 'unshared decoder', 'second branch'])
      expect(printed).toContain(words);
  }, 60_000);

  test('other settings in the same folder are refused, run by run', async () => {
    const { code, out: printed, log } = await ablate('--steps', '3,3', '--variants', 'no-dis');
    expect([code, printed]).toEqual([1, '']);
    expect(log.trim().split('\n').at(-1)).toContain('"steps" is [2,2]');
  });

  test('a run that fails is named, and the others are kept', async () => {
    const { code, out: printed } = await ablate('--variants', 'no-dis', '--seeds', '1', '--json', '--config', await wrongTeacher());
    expect(code).toBe(1);
    const { failures, rows } = JSON.parse(printed);
    expect(failures.map((failure: { run: string }) => failure.run)).toEqual([join(out, 'seed-0', 'no-dis')]);
    expect(rows.map(({ name }: { name: string }) => name)).toEqual(['full']);
  });

  /** Spoils a finished run: its model is of another size. */
  async function wrongTeacher(): Promise<string> {
    const { writeFile } = await import('node:fs/promises');
    rmSync(join(out, 'seed-0', 'no-dis', 'evaluation.json'));
    await writeFile(join(out, 'seed-0', 'no-dis', 'checkpoints/stage2-best/model.safetensors'), 'nothing');
    const file = join(folder, 'settings.json');
    await writeFile(file, '{"preset": "tiny"}');
    return file;
  }

  test('wrong use', async () => {
    const wrong = await ablate('--variants', 'no-such');
    expect(wrong.code).toBe(2);
    expect(wrong.log).toContain('"no-such" is none; name some of no-cg');
    const none = await run('ablate', '--data', 'phantom:/nowhere', '--device', 'cpu', '--out', join(folder, 'none'));
    expect([none.code, none.log.trim().split('\n').at(-1)]).toEqual([1, 'error: /nowhere/phantoms.csv: does not exist; check the path']);
    expect((await run('ablate', '--out', 'x')).log).toContain("required option '--data <spec>'");
    expect((await run('ablate', '--data', 'phantom:x', '--epochs', '2,0', '--out', 'x')).code).toBe(2);
  });
});
