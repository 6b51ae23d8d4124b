// Findings read with retrieved impressions, and copying, from training to use: what is retrieved, what is written, resumed and exported.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Study } from '@hybridmed/data';
import { openDataSet } from '@hybridmed/data';
import { exportCheckpoint, openModel, resolveCheckpoint } from '@hybridmed/runtime';
import { openDevice } from '@hybridmed/runtime/device';
import { pretrain } from '@hybridmed/runtime/run';
import { completeConfig } from '@hybridmed/runtime/settings';
import type { RunEvents } from '@hybridmed/training';
import type { Device } from '@hybridmed/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkSeparator, retrievalIndex, retrievedFindings } from '../src/retrieval/retrieved-findings.ts';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';

const study = (id: string, findings: string, impression: string, patient?: string): Study => ({
  id,
  report: `r-${id}`,
  patient,
  image: `${id}.png`,
  findings,
  impression,
  split: 'train',
});
const training = [
  study('a', 'large left effusion', 'left effusion', 'p1'),
  study('a2', 'left effusion, large', 'effusion, unchanged', 'p1'),
  study('b', 'large left effusion and catheter', 'effusion with catheter', 'p2'),
  study('c', 'clear lungs', 'normal', 'p3'),
];

describe('what is retrieved', () => {
  const { extend, studies } = retrievedFindings(retrievalIndex(training, 2));

  test('are the impressions of the nearest findings, nearest first, and none that share no word', () => {
    expect(extend('large left effusion')).toBe('large left effusion [SEP] left effusion [SEP] effusion, unchanged');
    expect(extend('clear')).toBe('clear [SEP] normal');
    expect(extend('pneumothorax')).toBe('pneumothorax');
  });

  test('are of no study of the report or of the patient, in training as in use', () => {
    expect(studies(training).map(({ findings }) => findings)).toEqual([
      'large left effusion [SEP] effusion with catheter',
      'left effusion, large [SEP] effusion with catheter',
      'large left effusion and catheter [SEP] left effusion [SEP] effusion, unchanged',
      'clear lungs',
    ]);
    expect(extend('large left effusion', { report: 'r-a' })).toBe('large left effusion [SEP] effusion, unchanged [SEP] effusion with catheter');
    expect(extend('large left effusion', { report: 'other', patient: 'p1' })).toBe('large left effusion [SEP] effusion with catheter');
  });

  test('a report with several images is there once, and ids are not', () => {
    const index = retrievalIndex([...training, { ...training[0]!, id: 'a-lateral', image: 'lateral.png' }], 1);
    expect(index.entries.map(({ impression }) => impression)).toEqual(training.map(({ impression }) => impression));
    expect(JSON.stringify(index)).not.toMatch(/r-a|p1/);
  });

  test('a tokenizer that does not read [SEP] in a text is refused', () => {
    const special = { sep: 3 } as never;
    expect(() => checkSeparator({ encode: () => [2, 5, 3], special })).toThrow('which the tokenizer does not read as a token within a text');
    checkSeparator({ encode: () => [2, 5, 3, 6, 3], special });
  });
});

describe('a run', () => {
  const { folder, remove } = temporaryFolder();
  let device: Device;
  let data: string;
  beforeAll(async () => {
    data = `phantom:${await smallPhantoms(folder)}`;
    ({ device } = await openDevice('cpu', { threads: 1 }));
  });
  afterAll(async () => {
    await device.close();
    remove();
  });

  const train = (out: string, { events = {}, resume = false, ...more }: { events?: RunEvents; resume?: boolean; retrieve?: number } = {}) => {
    const config = completeConfig({
      data,
      preset: 'tiny',
      epochs: [2, 1],
      limit: 16,
      batch: 4,
      pointer: true,
      retrieve: 2,
      bestBy: 'cider',
      checkpointEvery: 1,
      ...more,
    });
    return pretrain({ config, out, device, workers: 0, events, resume });
  };
  const whole = () => join(folder, 'whole');
  const file = (out: string, kind: string, name: string) => readFileSync(join(out, 'checkpoints', kind, name));

  test('trains both stages, judges stage 1 by CIDEr, and keeps what it retrieves from in every checkpoint', async () => {
    const messages: string[] = [];
    await train(whole(), { events: { onMessage: (text) => messages.push(text) } });
    expect(messages.join('\n')).toMatch(/retrieval from \d+ training reports: their findings and impressions stand in every checkpoint, in retrieval.json/);
    for (const kind of ['stage1-best', 'stage1-last', 'stage2-best', 'stage2-last']) {
      expect(JSON.parse(String(file(whole(), kind, 'config.json')))).toMatchObject({ input: { retrieve: 2 }, model: { decoder: { pointer: true } } });
      expect(JSON.parse(String(file(whole(), kind, 'retrieval.json'))).entries.length).toBe(16);
    }
    const lines = readFileSync(join(whole(), 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const ciders = lines.filter((line) => line.stage === 1 && line.validation).map(({ cider }) => cider as number);
    expect(ciders).toEqual([expect.any(Number), expect.any(Number)]);
    expect(JSON.parse(String(file(whole(), 'stage1-last', 'trainer.json'))).best.value).toBe(0 - Math.max(...ciders));
    expect(JSON.parse(readFileSync(join(whole(), 'run.json'), 'utf8'))).toMatchObject({ bestBy: 'cider', pointer: true, retrieve: 2 });
  });

  test('that is interrupted in both stages and resumed ends with the same bits', async () => {
    const out = join(folder, 'interrupted');
    for (const at of ['1-3', '1-5', '2-2']) {
      const onStep = ({ stage, step }: { stage: number; step: number }) => {
        if (`${stage}-${step}` === at) throw new Error('interrupted');
      };
      await expect(train(out, { resume: existsSync(join(out, 'run.json')), events: { onStep } })).rejects.toThrow('interrupted');
    }
    await train(out, { resume: true });
    for (const kind of ['stage1-best', 'stage1-last', 'stage2-best', 'stage2-last'])
      for (const name of ['model.safetensors', 'retrieval.json']) expect(file(out, kind, name).equals(file(whole(), kind, name)), `${kind}/${name}`).toBe(true);
    await expect(train(out, { resume: true, retrieve: 1 })).rejects.toThrow('"retrieve"');
  });

  test('its model writes from findings with what it retrieves, as from the tokens of both', async () => {
    const model = await openModel(whole(), { device });
    const { studies } = await openDataSet(data);
    const { findings } = studies.find(({ split }) => split === 'test')!;
    const [own] = await model.generate({ findings: [findings] });
    const extended = model.retrieval!.extend(findings);
    expect(extended.split(' [SEP] ')).toHaveLength(3);
    const { ids, mask } = model.prepare.texts([extended], 'findings');
    expect((await model.generate({ findings: { ids, mask } }))[0]).toEqual(own);
    await model.close();
  });

  test('its findings branch is not exported, and a damaged or missing index is named', async () => {
    const checkpoint = await resolveCheckpoint(whole());
    await expect(exportCheckpoint({ checkpoint, parts: ['summarize'], out: join(folder, 'refused') })).rejects.toThrow(
      'which an exported folder does not hold',
    );
    const copy = join(folder, 'copy');
    mkdirSync(copy);
    for (const name of ['config.json', 'tokenizer.json', 'model.safetensors']) writeFileSync(join(copy, name), readFileSync(join(checkpoint, name)));
    await expect(openModel(copy, { device })).rejects.toThrow('retrieval.json');
    writeFileSync(join(copy, 'retrieval.json'), '{"version":1,"k":90,"entries":[]}');
    await expect(openModel(copy, { device })).rejects.toThrow(/retrieval\.json: "k"/);
  });

  test('without retrieval a model that copies is exported, and writes what the checkpoint writes', async () => {
    const [out, exported] = [join(folder, 'pointer'), join(folder, 'exported')];
    await train(out, { retrieve: 0 });
    expect(existsSync(join(out, 'checkpoints', 'stage2-best', 'retrieval.json'))).toBe(false);
    await exportCheckpoint({ checkpoint: await resolveCheckpoint(out), parts: ['summarize', 'caption'], out: exported });
    const [checkpoint, graphs] = [await openModel(out, { device }), await openModel(exported, { device, threads: 1 })];
    expect([checkpoint.info.copies, graphs.info.copies]).toEqual([true, true]);
    const findings = (await openDataSet(data)).studies
      .filter(({ split }) => split === 'test')
      .slice(0, 3)
      .map((each) => each.findings);
    for (const search of [{ kind: 'greedy' }, { kind: 'beam', width: 3 }] as const) {
      const texts = async (model: typeof graphs) => (await model.generate({ findings }, { search })).map(({ ids }) => ids);
      expect(await texts(graphs)).toEqual(await texts(checkpoint));
    }
    const { ids, mask } = checkpoint.prepare.texts(findings, 'findings');
    const { memory } = await checkpoint.textFeatures({ ids, mask }, ['memory']);
    const input = { memory, mask, ids: { data: Int32Array.of(2, 5, 2, 5, 2, 5), shape: [3, 2] } };
    const [own, other] = [await checkpoint.logits('findings', { ...input, memoryIds: ids }), await graphs.logits('findings', { ...input, memoryIds: ids })];
    other.data.forEach((value, i) => expect(value).toBeCloseTo(own.data[i]!, 3));
    await expect(checkpoint.logits('findings', input)).rejects.toThrow('give their ids as memoryIds');
    await Promise.all([checkpoint.close(), graphs.close()]);
  });
});
