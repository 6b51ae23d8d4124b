// Choosing variants by measuring: what is measured, for how long, what is kept, and what a table from elsewhere does.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kernels, variantsVersion } from '@hybridmed/kernels';
import type { AnyKernel, MatmulProblem } from '@hybridmed/kernels';
import { ops, trace } from '@hybridmed/tensor';
import type { TuningStore, TuningTable, WebgpuDevice } from '@hybridmed/webgpu';
import { capabilitiesOf } from '@hybridmed/webgpu';
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { fastest } from '../src/tuning/measure.ts';
import type { TunerParts } from '../src/tuning/tuner.ts';
import { Tuner, classOf } from '../src/tuning/tuner.ts';
import { floats } from './support.ts';

const product = (m: number, n: number, k: number): MatmulProblem => ({ m, n, k, transposeA: false, transposeB: false, lead: [], leadA: [], leadB: [] });
const matmul = kernels.matmul as unknown as AnyKernel;
const tunable = (m: number) => ({ kernel: matmul, problem: product(m, m, m), flops: 2 * m ** 3 });
const identity = { adapter: { vendor: 'v', architecture: 'a', device: 'd', description: 'a GPU' }, version: 1 };
const gpuKind = { software: false, subgroupSize: 0, f16: false, subgroupMatrix: [] };

/** A store in memory, as JSON. */
function memory(text?: string): TuningStore & { text: string | undefined; saves: number } {
  const store = {
    text,
    saves: 0,
    load: async () => (store.text === undefined ? undefined : (JSON.parse(store.text) as unknown)),
    async save(table: TuningTable) {
      store.saves++;
      store.text = JSON.stringify(table);
    },
  };
  return store;
}

/** A tuner whose measuring takes so many milliseconds of a clock of its own, and always finds the smallest tile the fastest. */
function fakeTuner(each: number, parts: Partial<TunerParts> = {}) {
  let time = 0;
  const [measured, messages]: [string[], string[]] = [[], []];
  const tuner = new Tuner(identity, gpuKind, {
    now: () => time,
    async measure(kernel, problem) {
      time += each;
      measured.push(classOf({ kernel, problem }));
      return 'workgroup 32x32x32';
    },
    tell: (message) => messages.push(message),
    ...parts,
  });
  return { tuner, measured, messages };
}

describe('the budget', () => {
  test('goes to the classes with most work; what it does not reach keeps the rule, here and in later runs', async () => {
    const { tuner, measured, messages } = fakeTuner(800);
    const store = memory();
    tuner.configure({ mode: 'measure', store, seconds: 2 });
    await tuner.load();
    expect(await tuner.decide([tunable(64), tunable(512), tunable(128), tunable(256)])).toBe(true);
    expect(measured).toEqual([512, 256, 128].map((m) => classOf(tunable(m))));
    expect(messages).toEqual(['tuning: 3 of 4 shape classes measured in 2.4 s; 1 takes another variant than by rule']);
    expect(tuner.variantFor(matmul, product(64, 64, 64))).toBeUndefined();
    // Spent: another plan of the run measures nothing more.
    expect(await tuner.decide([tunable(1024)])).toBe(false);
    expect(measured.length).toBe(3);
    expect(messages.length).toBe(1);

    const later = fakeTuner(800);
    later.tuner.configure({ mode: 'measure', store });
    await later.tuner.load();
    await later.tuner.decide([tunable(64), tunable(512), tunable(128), tunable(256), tunable(1024)]);
    expect(later.measured).toEqual([]);
    expect(later.tuner.read()).toEqual(tuner.read());
  });

  test('work adds up over a class: many small products come before one large', async () => {
    const { tuner, measured } = fakeTuner(800);
    tuner.configure({ mode: 'measure', seconds: 0.5 });
    await tuner.decide([tunable(512), ...Array.from({ length: 9 }, () => tunable(256))]);
    expect(measured).toEqual([classOf(tunable(256))]);
  });
});

describe('a table', () => {
  const table = (change: Partial<TuningTable> = {}): TuningTable => ({
    ...identity,
    choices: { [classOf(tunable(512))]: 'workgroup 128x64x16' },
    ...change,
  });

  test('is used without measuring, by every problem of the class', async () => {
    const { tuner, measured, messages } = fakeTuner(1);
    tuner.configure({ mode: 'measure', store: memory(JSON.stringify(table())) });
    await tuner.load();
    await tuner.decide([tunable(512)]);
    expect([measured, messages]).toEqual([[], []]);
    expect(tuner.variantFor(matmul, product(400, 508, 300))).toBe('workgroup 128x64x16');
    expect(tuner.variantFor(matmul, product(200, 508, 300))).toBeUndefined();
  });

  test.each([
    ['another adapter', table({ adapter: { ...identity.adapter, description: 'a newer driver' } }), 'is of another adapter (a newer driver)'],
    ['another version', table({ version: 0 }), 'is of version 0 of the variants, not 1'],
    ['something else', { choices: [1] } as unknown as TuningTable, 'is no table of choices'],
    ['other choices', table({ choices: { x: 1 } as unknown as TuningTable['choices'] }), 'is no table of choices'],
  ])('of %s is not used, with one line', async (_, foreign, reason) => {
    const { tuner, measured, messages } = fakeTuner(1);
    tuner.configure({ mode: 'measure', store: memory(JSON.stringify(foreign)) });
    await tuner.load();
    expect(messages).toEqual([`tuning: the kept table ${reason}; nothing of it is used`]);
    await tuner.decide([tunable(512)]);
    expect(measured.length).toBe(1);
    const run = fakeTuner(1);
    run.tuner.restore(foreign);
    expect(run.messages).toEqual([`tuning: the saved table ${reason}; nothing of it is used`]);
  });

  test('that cannot be read or written costs the choices, not the run', async () => {
    const { tuner, messages } = fakeTuner(1);
    const refuse = async () => Promise.reject(new Error('is locked'));
    tuner.configure({ mode: 'measure', store: { load: refuse, save: refuse } });
    await tuner.load();
    expect(await tuner.decide([tunable(512)])).toBe(true);
    expect(messages.filter((message) => message.includes('locked'))).toEqual([
      'tuning: the kept table is locked; nothing of it is used',
      'tuning: the choices cannot be kept (is locked)',
    ]);
  });

  test('that names an unknown variant falls back to the rule, with one line', async () => {
    const { tuner, messages } = fakeTuner(1);
    tuner.restore(table({ choices: { [classOf(tunable(512))]: 'quantum' } }));
    for (let i = 0; i < 2; i++) expect(tuner.variantFor(matmul, product(512, 512, 512))).toBeUndefined();
    expect(messages).toEqual([`tuning: "quantum", chosen for ${classOf(tunable(512))}, is no variant of it on this adapter; the rule's is used`]);
  });

  test("saved with a run comes before what is kept, and holds only what the run's programs met", async () => {
    const { tuner, measured } = fakeTuner(1);
    const others = { [classOf(tunable(512))]: 'workgroup 64x64x16', [classOf(tunable(64))]: null };
    tuner.restore(table());
    tuner.configure({ mode: 'measure', store: memory(JSON.stringify(table({ choices: others }))) });
    await tuner.load();
    await tuner.decide([tunable(512), tunable(2048)]);
    expect(measured).toEqual([classOf(tunable(2048))]);
    expect(tuner.read()!.choices).toEqual({ [classOf(tunable(512))]: 'workgroup 128x64x16', [classOf(tunable(2048))]: 'workgroup 32x32x32' });
  });

  test('is none where choices are made by rule', async () => {
    const { tuner } = fakeTuner(1);
    await tuner.load();
    expect(await tuner.decide([tunable(512)])).toBe(false);
    expect(tuner.read()).toBeUndefined();
  });
});

test('another variant is taken only where it is faster beyond noise', () => {
  const timed = (name: string, ...samples: number[]) => ({ name, samples });
  expect(fastest([timed('rule', 10, 11, 12), timed('other', 9.5, 9.6, 9.7)])).toBe('rule');
  expect(fastest([timed('rule', 10, 11, 12), timed('noisy', 5, 10, 30)])).toBe('rule');
  expect(fastest([timed('rule', 10, 11, 12), timed('other', 8, 8.5, 30), timed('better', 7, 7.5, 8)])).toBe('better');
});

describe('on an adapter', () => {
  const before = process.env['XDG_CACHE_HOME'];
  const devices: WebgpuDevice[] = [];
  let [home, cache] = ['', ''];
  // The driver's own files must be found where they are.
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'hybridmed-tuning-'));
  });
  afterEach(async () => {
    if (before === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = before;
    for (const device of devices.splice(0)) await device.close();
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  const graph = trace({ data: { x: { shape: [96, 80], dtype: 'f32' }, w: { shape: [80, 64], dtype: 'f32' } } }, ({ x, w }) => ({
    results: { y: ops.matmul(x!, w!) },
  }));
  const data = { x: floats([96, 80], 1), w: floats([80, 64], 2) };
  const key = `matmul ${kernels.matmul.variants!.shapeClass(product(96, 64, 80))}`;

  async function open(tuning: 'off' | 'cached' | 'measure') {
    const messages: string[] = [];
    const device = await nodeWebgpuDevice({ tuning, events: { onMessage: (text) => void messages.push(text) } });
    devices.push(device);
    process.env['XDG_CACHE_HOME'] = home;
    cache = join(home, 'hybridmed', 'tuning');
    const shaders = vi.spyOn(device.gpu, 'createShaderModule');
    const run = async () => (await (await device.compile(graph)).run(data))['y']!.data as Float32Array;
    return { device, messages, run, labels: () => shaders.mock.calls.map(([{ label }]) => label!) };
  }

  test('a first run measures and keeps; the next one does not measure; a broken file is said and replaced', async () => {
    const first = await open('measure');
    const y = await first.run();
    expect(first.messages).toEqual([expect.stringMatching(/^tuning: [01] of 1 shape classes measured in \d+\.\d s; \d takes? /)]);
    const [file] = await readdir(cache);
    const kept = JSON.parse(await readFile(join(cache, file!), 'utf8')) as TuningTable;
    expect(Object.keys(kept.choices)).toEqual([key]);
    expect(kept).toEqual(first.device.choices!.read());

    const second = await open('measure');
    expect(await second.run()).toEqual(y);
    expect(second.messages).toEqual([]);
    expect(second.device.choices!.read()).toEqual(kept);

    await writeFile(join(cache, file!), '{"adapter":');
    const third = await open('cached');
    await third.run();
    expect(third.messages.length).toBe(1);
    expect(third.messages[0]).toContain(`tuning: the kept table ${join(cache, file!)} cannot be read`);
    await (await open('measure')).run();
    expect(JSON.parse(await readFile(join(cache, file!), 'utf8'))).toMatchObject({ version: variantsVersion });
  });

  test("a run's table decides what computes, and gives the same bits again; off measures and keeps nothing", async () => {
    const plain = await open('off');
    const ruled = await plain.run();
    expect(plain.device.choices!.read()).toBeUndefined();
    const names = kernels.matmul.variants!.names(product(96, 64, 80), capabilitiesOf(plain.device.gpu));
    const [adapter, other] = [plain.device.gpu.adapterInfo, names.at(-1)!];
    const saved = {
      adapter: { vendor: adapter.vendor, architecture: adapter.architecture, device: adapter.device, description: adapter.description },
      version: variantsVersion,
      choices: { [key]: other },
    };
    const results: Float32Array[] = [];
    for (let i = 0; i < 2; i++) {
      const run = await open('off');
      run.device.choices!.restore(saved);
      results.push(await run.run());
      expect(run.messages).toEqual([]);
      expect(run.labels().join()).toContain(other.split(' ')[0]!);
      expect(run.device.choices!.read()).toEqual(saved);
    }
    expect(results[0]).toEqual(results[1]);
    results[0]!.forEach((value, i) => expect(value).toBeCloseTo(ruled[i]!, 4));
  });
});
