// A run is resumed on the same studies, with the same settings but for those that may change, and what changed is recorded.
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataSet, packDataSet } from '@hybridmed/data';
import type { DataSet, Study } from '@hybridmed/data';
import { writePhantoms } from '@hybridmed/phantoms';
import { openDevice } from '@hybridmed/runtime/device';
import { pretrain, readProvenance, readRunConfig } from '@hybridmed/runtime/run';
import type { PretrainOptions } from '@hybridmed/runtime/run';
import type { Device } from '@hybridmed/tensor';
import { TrainingStoppedError } from '@hybridmed/training';
import type { RunOptions } from '@hybridmed/runtime/settings';
import { completeConfig } from '@hybridmed/runtime/settings';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { beginSession, checkSameData, recordData } from '../src/run/provenance.ts';
import { sourceChanges, sourceHashes } from '../src/run/source-identity.ts';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
let device: Device;
let images: string[];
beforeAll(async () => {
  const phantoms = await smallPhantoms(folder);
  images = readdirSync(join(phantoms, 'images'))
    .toSorted()
    .slice(0, 24)
    .map((name) => join(phantoms, 'images', name));
  ({ device } = await openDevice('cpu', { threads: 1 }));
});
afterAll(async () => {
  await device.close();
  remove();
});

/** A table of the images, copied beside it: 16 to train on, 4 to validate, 4 to test. */
function tableIn(name: string): string {
  const set = join(folder, name);
  mkdirSync(set);
  const rows = images.map((image, i) => {
    copyFileSync(image, join(set, `${i}.png`));
    return `${i}.png,the lungs are clear in ${i},no acute disease in ${i},${i < 16 ? 'train' : i < 20 ? 'validate' : 'test'},s${i}`;
  });
  writeFileSync(join(set, 't.csv'), `${['image,findings,impression,split,id', ...rows].join('\n')}\n`);
  return join(set, 't.csv');
}

const edit = (file: string, change: (text: string) => string): void => writeFileSync(file, change(readFileSync(file, 'utf8')));
const of = (set: DataSet, split: Study['split']): Study[] => set.studies.filter((study) => study.split === split);

test('studies are the same wherever they lie, and what differs is said of each split', async () => {
  const table = tableIn('first');
  const record = async (path: string) => {
    const set = await openDataSet(`csv:${path}`);
    return recordData(set, { train: of(set, 'train'), validate: of(set, 'validate') });
  };
  const out = join(folder, 'known');
  mkdirSync(out);
  const assumed = ['vision: DIR: assumed: 12 heads'];
  await (await beginSession(out, device, { record: await record(table), changed: [], assumed })).save();
  expect(await readProvenance(out)).toMatchObject({ sessions: [{ assumed }] });
  const check = async (path: string, accept = false) => checkSameData(out, (await record(path))([]), { accept });
  renameSync(join(folder, 'first'), join(folder, 'moved'));
  const moved = join(folder, 'moved', 't.csv');
  expect(await check(moved)).toEqual([]);

  const whole = readFileSync(moved, 'utf8');
  const cases: [(text: string) => string, string][] = [
    [(text) => text.replace(/^3\.png.*\n/m, ''), 'train has 15 studies, not 16'],
    [(text) => text.replace(/^(3\.png.*\n)(4\.png.*\n)/m, '$2$1'), 'train has other studies or another order'],
    [
      (text) =>
        text
          .replaceAll('train', 'TEST')
          .replaceAll(/,test,/g, ',train,')
          .replaceAll('TEST', 'test'),
      'train has 4 studies, not 16, test has 16 studies, not 4',
    ],
    [(text) => text.replace('clear in 17', 'clear on 17'), 'the texts of validate differ'],
    [(text) => text.replace('21.png', '22.png'), 'the images of test differ'],
  ];
  for (const [change, difference] of cases) {
    writeFileSync(moved, change(whole));
    await expect(check(moved)).rejects.toThrow(
      `csv:${moved}: is not the data that the run in ${out} was trained on: ${difference}; restore it, name another --out, or resume on the present data with --accept-changed-data`,
    );
  }
  writeFileSync(moved, whole);
  appendFileSync(join(folder, 'moved', '2.png'), 'x');
  await expect(check(moved)).rejects.toThrow('the images of train differ');
  const provenance = join(out, 'provenance.json');
  const recorded = readFileSync(provenance, 'utf8');
  writeFileSync(provenance, '{"data": {}}');
  await expect(check(moved)).rejects.toThrow(`${provenance}: does not say which studies the run was trained on; restore it`);
  expect(await check(moved, true)).toMatchObject([{ setting: 'studies', to: 'what it was trained on is not known' }]);
  writeFileSync(provenance, recorded);
  expect(await check(moved, true)).toEqual([{ setting: 'studies', from: expect.stringContaining('session') as string, to: 'the images of train differ' }]);
});

/** Trains in a folder of its own until so many steps are made, or to the end. */
async function trainUntil(out: string, options: RunOptions, stopAfter = Infinity, more: Partial<PretrainOptions> = {}): Promise<string[]> {
  const controller = new AbortController();
  const messages: string[] = [];
  let steps = 0;
  const config = completeConfig({ preset: 'tiny', steps: [4, 1], epochs: [2, 1], batch: 8, imageSize: 32, ...options });
  const events: PretrainOptions['events'] = {
    onMessage: (text) => messages.push(text),
    onStep: () => ++steps >= stopAfter && controller.abort(),
  };
  const running = pretrain({ config, out, device, workers: 0, resume: true, signal: controller.signal, events, ...more });
  if (stopAfter === Infinity) await running;
  else await expect(running).rejects.toBeInstanceOf(TrainingStoppedError);
  return messages;
}

test('of settings of single stages the learning rate may change, and the batch may not', async () => {
  const out = join(folder, 'by-stage');
  const data = `csv:${tableIn('by-stage-data')}`;
  await trainUntil(out, { data, stages: { 1: { batch: 4, learningRate: 1e-3 } } }, 1);
  await expect(trainUntil(out, { data, stages: { 1: { batch: 2 } } })).rejects.toThrow('"stages.1.batch" is 4, this command says 2; resume with the same');
  await expect(trainUntil(out, { data })).rejects.toThrow('"stages.1.batch" is 4, this command says 8');
  await expect(trainUntil(out, { data, stages: { 1: { batch: 4 }, 2: { freeze: ['vision.*'] } } })).rejects.toThrow(
    '"stages.2.freeze" is [], this command says ["vision.*"]',
  );
  // What holds in a stage decides, not where it is written.
  const stages = { 1: { batch: 4, learningRate: { others: 1e-4, text: 1e-5 } }, 2: { batch: 8 } };
  expect(await trainUntil(out, { data, stages }, 2)).toContain('"stages.1.learningRate" was 0.001 and is {"others":0.0001,"text":0.00001} from here on');
  expect(await readRunConfig(out)).toMatchObject({ stages });
  const { sessions } = (await readProvenance(out))!;
  expect(sessions.at(-1)!.changes).toMatchObject([{ setting: 'stages.1.learningRate', from: 1e-3, to: { text: 1e-5 }, stage: 1, step: 1 }]);
  await expect(trainUntil(out, { data, stages: { 1: { batch: 40 } } })).rejects.toThrow('"stages.1.batch" is 4');
  await expect(trainUntil(join(folder, 'large'), { data, stages: { 1: { batch: 40 } } })).rejects.toThrow(
    '16 training studies are fewer than one batch of 40 of stage 1; lower --batch or --accumulate',
  );
});

test('the learning rate may change and the data may move, from that step on, and provenance.json says so', async () => {
  const out = join(folder, 'changed');
  const data = `csv:${tableIn('a')}`;
  await trainUntil(out, { data, learningRate: 1e-3 }, 1);
  renameSync(join(folder, 'a'), join(folder, 'b'));
  const moved = `csv:${join(folder, 'b', 't.csv')}`;
  const messages = await trainUntil(out, { data: moved, learningRate: 1e-4 }, 2);
  expect(messages).toContain('"learningRate" was 0.001 and is 0.0001 from here on');
  expect(await readRunConfig(out)).toMatchObject({ data: moved, learningRate: 1e-4 });
  await expect(trainUntil(out, { data: moved, learningRate: 1e-4, seed: 7 })).rejects.toThrow('"seed" is 0, this command says 7');
  edit(join(folder, 'b', 't.csv'), (text) => text.replace('clear in 1,', 'clear at 1,'));
  await expect(trainUntil(out, { data: moved, learningRate: 1e-4 })).rejects.toThrow('the texts of train differ');
  await trainUntil(out, { data: moved, learningRate: 1e-4 }, Infinity, { acceptChangedData: true });
  const { data: last, sessions } = (await readProvenance(out))!;
  expect(sessions.map(({ changes }) => changes?.map(({ setting, stage, step, to }) => [setting, stage, step, to]))).toEqual([
    undefined,
    [
      ['data', 1, 1, moved],
      ['learningRate', 1, 1, 1e-4],
    ],
    [['studies', 1, 3, 'the texts of train differ']],
  ]);
  expect(sessions.map(({ data: each }) => each!.identity!.train.texts)).toEqual([
    sessions[0]!.data!.identity!.train.texts,
    sessions[0]!.data!.identity!.train.texts,
    last.identity!.train.texts,
  ]);
  expect(existsSync(join(out, 'checkpoints', 'stage1-last-confirmed'))).toBe(false);
});

test('a resumed run reads its log with care, says what it finds, and clears what kills left', async () => {
  const out = join(folder, 'damaged');
  mkdirSync(out);
  // Files of the run's names in a folder that holds no run are none of it.
  writeFileSync(join(out, 'tokenizer.json'), '{"model": {"vocab": {}}}');
  const data = `csv:${tableIn('c')}`;
  await trainUntil(out, { data }, 3);
  const metrics = join(out, 'metrics.jsonl');
  edit(metrics, (text) => text.replace(/^.*$/m, (line) => '\0'.repeat(line.length)));
  writeFileSync(join(out, 'run.json.0123abcd.tmp'), '{');
  expect(await trainUntil(out, { data }, 1)).toContain(
    `${metrics}: of the 4 lines written before the checkpoint 1 cannot be read; the run resumes, and the file keeps the other 3`,
  );
  expect(readdirSync(out).filter((name) => name.endsWith('.tmp') || name.endsWith('.lock'))).toEqual([]);
  edit(metrics, (text) => text.replace(/^.*\n/, ''));
  expect(await trainUntil(out, { data })).toContain(
    `${metrics}: of the 4 lines written before the checkpoint 1 is missing; the run resumes, and the file keeps the other 3`,
  );
  const lines = readFileSync(metrics, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { stage: number; step: number; time: number });
  expect(lines.map(({ stage, step }) => [stage, step])).toEqual([
    [1, 2],
    [1, 3],
    [1, 4],
    [1, 4],
    [2, 1],
    [2, 1],
  ]);
  const times = lines.map(({ time }) => time);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times[0]).toBeGreaterThan(Date.now() / 1000 - 600);
});

test('a bad image of a shard is skipped, said and recorded; a run that is interrupted skips it to the same bits, one that may not skip stops', async () => {
  const phantoms = join(folder, 'to-pack');
  await writePhantoms(phantoms, { studies: 160, size: 40, seed: 3 });
  const packed = join(folder, 'packed');
  await packDataSet(await openDataSet(`phantom:${phantoms}`), packed, { size: 36, studiesPerShard: 50, workers: 0 });
  const { studies } = await openDataSet(`shards:${packed}`);
  const bad = of({ studies } as DataSet, 'train')[20]!;
  const [, shard, first] = /^(.+)#bytes=(\d+)-/.exec(bad.image)!;
  const bytes = readFileSync(shard!);
  bytes[Number(first) + 200]! ^= 16;
  writeFileSync(shard!, bytes);
  const options = { data: `shards:${packed}`, stage1: false, epochs: [0, 2], steps: [0, 9], batch: 16, cl: 0, sum: 0, dis: 0 } satisfies RunOptions;
  const [whole, broken, strict] = ['skipping', 'skipping-broken', 'strict'].map((name) => join(folder, name)) as [string, string, string];
  const skipped = (await trainUntil(whole, options)).filter((text) => text.startsWith('skipped'));
  expect(skipped).toEqual([expect.stringMatching(`^skipped: study ${bad.id} \\(.*train-000000\\.tar: the image in bytes ${first} to .* takes its place$`)]);
  await trainUntil(broken, options, 8);
  await trainUntil(broken, options);
  const saved = (run: string, file: string) => readFileSync(join(run, 'checkpoints/stage2-last', file));
  for (const file of ['model.safetensors', 'optimizer.safetensors', 'trainer.json']) expect(saved(broken, file).equals(saved(whole, file)), file).toBe(true);
  expect(JSON.parse(saved(whole, 'trainer.json').toString())).toMatchObject({ skipped: [bad.id] });
  const { step } = (await readProvenance(whole))!.data.skipped![0]!;
  const note = { id: bad.id, reason: expect.stringContaining('is not the one that was packed') as string, stage: 2, epoch: 1, step };
  for (const run of [whole, broken]) expect((await readProvenance(run))!.data.skipped).toEqual([note]);
  await expect(trainUntil(strict, { ...options, onBadData: 'stop' })).rejects.toThrow(/is not the one that was packed.*; step \d+ of stage 2 is saved/);
  // The policy may change, and what was trained before is kept.
  await trainUntil(strict, options);
  for (const file of ['model.safetensors', 'trainer.json']) expect(saved(strict, file).equals(saved(whole, file)), file).toBe(true);
});

test('a run goes on from the checkpoints that it started from, or on purpose from others', async () => {
  const data = `csv:${tableIn('d')}`;
  const [first, second] = [join(folder, 'stage1'), join(folder, 'stage2')];
  await trainUntil(first, { data, epochs: [1, 0], steps: [1, 0] });
  const options = { data, stage1: first, epochs: [0, 2], steps: [0, 4] } satisfies RunOptions;
  await trainUntil(second, options, 1);
  const weights = join(first, 'checkpoints/stage1-best/model.safetensors');
  const bytes = readFileSync(weights);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(weights, bytes);
  await expect(trainUntil(second, options)).rejects.toThrow(
    `${first}: is not what the run in ${second} started from: its files have changed; restore them, name another --out, or resume with the present ones with --accept-changed-data`,
  );
  expect(await trainUntil(second, options, Infinity, { acceptChangedData: true })).toContain('the files of stage1 have changed, which is accepted');
  const { sessions } = (await readProvenance(second))!;
  expect(sessions.map(({ changes }) => changes?.map(({ setting, stage, step }) => [setting, stage, step]))).toEqual([undefined, [['files of stage1', 2, 1]]]);
  expect(sessions[1]!.sources!.stage1).not.toBe(sessions[0]!.sources!.stage1);
  // From here on the present ones are the run's.
  await trainUntil(second, options);
});

test('a published checkpoint is known by the files that are read of it', async () => {
  const published = join(folder, 'published');
  mkdirSync(published);
  for (const name of ['config.json', 'model.safetensors', 'vocab.txt']) writeFileSync(join(published, name), name);
  const config = { stage1: false, vision: `hf:${published}`, text: 'preset' };
  const before = await sourceHashes(config);
  expect(Object.keys(before)).toEqual(['vision']);
  writeFileSync(join(published, 'README.md'), 'something else');
  expect(await sourceHashes(config)).toEqual(before);
  expect(await sourceHashes({ ...config, vision: 'preset', text: config.vision })).toEqual({ text: before.vision });
  for (const name of ['config.json', 'model.safetensors', 'vocab.txt', 'tokenizer.json']) {
    writeFileSync(join(published, name), 'x');
    const now = await sourceHashes(config);
    expect(() => sourceChanges(config, { before, now, out: 'RUN', accept: false }), name).toThrow('hf:');
    writeFileSync(join(published, name), name);
  }
  const file = join(published, 'model.safetensors');
  const alone = await sourceHashes({ ...config, vision: `hf:${file}` });
  writeFileSync(join(published, 'model.json'), '{}');
  expect(await sourceHashes({ ...config, vision: `hf:${file}` })).not.toEqual(alone);
});
