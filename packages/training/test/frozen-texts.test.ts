// Training with a frozen text encoder: what it makes of texts is computed once for each list of token ids, and changes no bit of what is trained.
import { plainDevice } from '@hybridmed/gpujs';
import { fineTune } from '@hybridmed/model';
import { frozenTextFront, textFeatureGraph } from '@hybridmed/model/graphs';
import { initialize } from '@hybridmed/nn';
import { cpuDevice } from '@hybridmed/onnx';
import type { Device, HostArray } from '@hybridmed/tensor';
import { bert } from '@hybridmed/text';
import type { FeatureKeeping, TextScorer, TrainingRun } from '@hybridmed/training';
import { trainStages } from '@hybridmed/training';
import { describe, expect, test } from 'vitest';
import { threads } from '../../ranks/test/support/threads.ts';
import { featureCodings } from '../src/frozen/feature-coding.ts';
import { frozenTexts } from '../src/frozen/frozen-texts.ts';
import { memoryStore as byteMemory } from '../src/frozen/memory-store.ts';
import { textPrograms } from '../src/frozen/text-chunks.ts';
import { sharedStore } from '../src/ranks/shared-store.ts';
import { copyingStore } from './support/copying-store.ts';
import type { MemoryStore } from './support/memory-run.ts';
import { memoryRun, memoryStore } from './support/memory-run.ts';

/** A device that counts the runs of programs which make features of texts. */
function countingDevice(): { readonly device: Device; readonly counts: { runs: number } } {
  const counts = { runs: 0 };
  const plain = plainDevice();
  const compile: Device['compile'] = async (graph) => {
    const program = await plain.compile(graph);
    const ofTexts = 'features' in graph.results && 'ids' in graph.data;
    return { ...program, run: (data, state) => ((counts.runs += ofTexts ? 1 : 0), program.run(data, state)) };
  };
  return { device: { ...plain, compile }, counts };
}

interface Options {
  readonly freeze: readonly string[];
  readonly features?: FeatureKeeping;
  readonly seed?: number;
  readonly settings?: Partial<TrainingRun['config']>;
}

const textScorer: TextScorer = { maxTokens: 6, cider: (texts) => texts.flat().reduce((sum, id) => sum + id, 0) };

/** A run of two epochs of both stages, what it says, and how often texts are computed for it. */
function frozenRun({ freeze, features, seed = 0, settings = {} }: Options, store: MemoryStore, parts: Parameters<typeof memoryRun>[3] = {}) {
  const lines: string[] = [];
  const { device, counts } = countingDevice();
  const run = memoryRun(device, store, { onMessage: (line) => lines.push(line) }, parts);
  const config = { ...run.config, crops: 2, seed, ...settings };
  return { run: { ...run, config, model: fineTune(run.model, { freeze }), features, textScorer } satisfies TrainingRun, lines, counts };
}

async function trained(options: Options, parts?: Parameters<typeof memoryRun>[3]) {
  const store = memoryStore();
  const { run, lines, counts } = frozenRun(options, store, parts);
  await trainStages(run);
  return { checkpoints: store.checkpoints, log: store.log.map((line) => ({ ...line, studiesPerSecond: 0 })), lines, runs: counts.runs };
}

const whole = ['text.*'];
const embeddings = ['text.embeddings.*'];

test.each([
  ['a whole encoder', whole],
  ['its first layer', embeddings],
  ['both encoders', ['text.*', 'vision.*']],
])('%s that is frozen: kept or not, the same bits; what is kept is computed once', async (_, freeze) => {
  const without = await trained({ freeze, features: { memoryBytes: 0 } });
  const kept = await trained({ freeze });
  expect(kept.checkpoints).toEqual(without.checkpoints);
  expect(kept.log).toEqual(without.log);
  expect(kept.runs).toBeLessThan(without.runs / 2);
  const extent = freeze === embeddings ? 'text up to embeddings' : 'all of text';
  const lines = (of: readonly string[]) => of.filter((line) => line.startsWith('frozen: ') && line.includes('text'));
  expect(lines(without.lines)).toEqual([`frozen: ${extent}; what it makes of texts is not kept`, `frozen: ${extent}; what it makes of texts is not kept`]);
  const [stage1, stage2] = lines(kept.lines);
  expect(stage1).toMatch(/^frozen: \S+.*; what it makes of 6 distinct findings, 0\.0 MiB, is kept in memory, at most 1\.0 GiB: each is computed once$/);
  expect(stage2).toMatch(/what it makes of 6 distinct findings and 6 distinct impressions, /);
});

test('a teacher whose states are kept and validation are all that reads findings where losses are off', async () => {
  const { lines } = await trained({ freeze: whole, settings: { sum: 0, cl: 0 } });
  // Of 9 training and 3 validation studies.
  expect(lines.findLast((line) => line.startsWith('frozen:'))).toMatch(/what it makes of 3 distinct findings and 6 distinct impressions, /);
  const without = await trained({ freeze: whole, settings: { sum: 0, cl: 0 }, features: { memoryBytes: 0 } });
  expect((await trained({ freeze: whole, settings: { sum: 0, cl: 0 } })).checkpoints).toEqual(without.checkpoints);
});

test('a store that holds only some, or half precision, changes what is computed and what is rounded alone', async () => {
  const without = await trained({ freeze: whole, features: { memoryBytes: 0 } });
  const some = await trained({ freeze: whole, features: { memoryBytes: 1000 } });
  expect(some.checkpoints).toEqual(without.checkpoints);
  expect(some.runs).toBeLessThan(without.runs);
  expect(some.lines.join()).toContain('beyond that each is computed in each epoch');
  const halves = await trained({ freeze: whole, features: { precision: 'f16' } });
  expect(halves.checkpoints).toEqual((await trained({ freeze: whole, features: { precision: 'f16', memoryBytes: 0 } })).checkpoints);
  expect(halves.checkpoints).not.toEqual(without.checkpoints);
});

test('another run finds what is kept outside, other weights find nothing, damaged bytes are computed again', async () => {
  const store = copyingStore();
  const first = await trained({ freeze: whole, features: { store } });
  const puts = store.puts;
  expect(puts).toBe(6 + 6);
  expect(first.checkpoints).toEqual((await trained({ freeze: whole })).checkpoints);
  const again = await trained({ freeze: whole, features: { store } });
  expect(again.checkpoints).toEqual(first.checkpoints);
  expect([again.runs, store.puts]).toEqual([0, puts]);
  const other = await trained({ freeze: whole, features: { store }, seed: 1 });
  expect(other.runs).toBe(first.runs);
  expect(other.checkpoints).toEqual((await trained({ freeze: whole, seed: 1 })).checkpoints);
  const [damaged] = store.kept.keys();
  store.kept.set(damaged!, store.kept.get(damaged!)!.subarray(4));
  const repaired = await trained({ freeze: whole, features: { store } });
  expect(repaired.checkpoints).toEqual(first.checkpoints);
  expect(repaired.runs).toBe(1);
});

test('stage 2 behind a front that stage 1 trained: its features are of those weights', async () => {
  const store = copyingStore();
  const train = async (features: FeatureKeeping) => {
    const checkpoints = memoryStore();
    const { run } = frozenRun({ freeze: [], features }, checkpoints);
    const openStage = (stage: number) => Promise.resolve({ model: stage === 2 ? fineTune(run.model, { freeze: whole }) : run.model, train: run.train });
    await trainStages({ ...run, openStage });
    return checkpoints.checkpoints;
  };
  expect(await train({ store })).toEqual(await train({ memoryBytes: 0 }));
  expect(store.puts).toBe(6 + 6);
});

test('a run that is interrupted and resumed, or whose passes ranks share, ends with the same bits', async () => {
  const options = { freeze: [...whole, 'vision.patch_embed.*'], settings: { duplicates: 'positives', bestBy: 'cider' } } as const;
  const expected = await trained(options, { passes: 2 });
  expect(expected.checkpoints).toEqual((await trained({ ...options, features: { memoryBytes: 0 } }, { passes: 2 })).checkpoints);
  const store = memoryStore();
  for (const at of [2, 5, 7, undefined]) {
    const { run } = frozenRun(options, store, { passes: 2 });
    const steps = { done: 0 };
    const onStep = ({ stage, step }: { stage: number; step: number }) => {
      steps.done = (stage - 1) * 4 + step;
      if (steps.done === at) throw new Error('interrupted');
    };
    const ended = trainStages({ ...run, events: { onStep } });
    if (at === undefined) await ended;
    else await expect(ended).rejects.toThrow('interrupted');
  }
  expect(store.checkpoints).toEqual(expected.checkpoints);
  const shared = memoryStore();
  await Promise.all(
    threads(2).map((ranks) => {
      const own = sharedStore(ranks, ranks.rank === 0 ? shared : undefined);
      return trainStages({ ...frozenRun(options, shared, { passes: 2, ranks }).run, store: own });
    }),
  );
  expect(shared.checkpoints).toEqual(expected.checkpoints);
});

describe('on the CPU device', () => {
  const text = bert({ vocabularySize: 200, width: 48, depth: 3, heads: 4, ffn: 96, positions: 64, pooling: 'mean' });
  const run = memoryRun(plainDevice(), memoryStore());
  const parameters = Object.fromEntries(Object.entries(text.parameters).map(([name, spec]) => [`text.${name}`, { ...spec, frozen: true }] as const));
  const front = frozenTextFront({ ...run.model, text, parameters })!;
  const lengths = [3, 40, 17, 16, 64, 33, 5];
  const L = 64;
  const mask = { data: Float32Array.from({ length: lengths.length * L }, (_, i) => (i % L < lengths[Math.floor(i / L)]! ? 1 : 0)), shape: [lengths.length, L] };
  const ids = { data: Int32Array.from(mask.data, (shown, i) => (shown === 1 ? 4 + ((i * 7919) % 190) : 0)), shape: mask.shape };

  async function features(rows: readonly number[]) {
    const device = cpuDevice({ threads: 1 });
    const state = device.createState(initialize(parameters, 5));
    const { compute, release } = textPrograms(device, state, front, { rows: 4, multiple: 16, pad: 0, maxTokens: L });
    const shelf = { store: byteMemory(0), coding: featureCodings.f32, nameOf: () => '' };
    const take = ({ data, shape }: HostArray) => ({
      data: Object.assign(new (data.constructor as Float32ArrayConstructor)(rows.length * L)),
      shape: [rows.length, shape[1]!],
    });
    const own = [ids, mask].map((array) => {
      const taken = take(array);
      rows.forEach((row, at) => taken.data.set(array.data.subarray(row * L, (row + 1) * L), at * L));
      return taken;
    });
    const data = { findings: own[0]!, findings_mask: own[1]!, impression: own[0]!, impression_mask: own[1]! };
    const made = await frozenTexts(front.rest.textFront.shapes, compute, shelf).apply(data, ['findings', 'impression']);
    const alone = await (
      await device.compile(textFeatureGraph({ text, parameters }, ['tokens', 'global', 'importance']))
    ).run({ ids: own[0]!, mask: own[1]! }, state);
    release();
    const all = made as unknown as Record<'findings_features' | 'impression_features', HostArray>;
    return { findings: all.findings_features, impression: all.impression_features, alone };
  }

  test('vectors have the bits of the encoder in one batch, importances its values', async () => {
    const { findings, impression, alone } = await features(lengths.map((_, row) => row));
    expect(findings.shape).toEqual([lengths.length, L, 49]);
    expect(impression).toEqual(alone['global']);
    const importance = alone['importance']!.data;
    for (let token = 0; token < lengths.length * L; token++) {
      const own = findings.data.subarray(token * 49, (token + 1) * 49);
      if (mask.data[token] === 0) expect(own.every((value) => value === 0)).toBe(true);
      else {
        expect(own.subarray(0, 48)).toEqual(alone['tokens']!.data.subarray(token * 48, (token + 1) * 48));
        expect(own[48]).toBeCloseTo(importance[token]!, 6);
      }
    }
  });

  test('a text has the same bits whatever others are computed with it, and equal texts are computed once', async () => {
    const [all, some] = [await features([0, 1, 2, 3, 4, 5, 6]), await features([5, 2, 5, 0])];
    const row = ({ data }: HostArray, at: number) => data.subarray(at * L * 49, (at + 1) * L * 49);
    for (const [at, of] of [5, 2, 5, 0].entries()) expect(row(some.findings, at)).toEqual(row(all.findings, of));
  });

  test('a mask with holes is refused', async () => {
    const { apply } = frozenTexts(front.rest.textFront.shapes, () => Promise.resolve([]), {
      store: byteMemory(0),
      coding: featureCodings.f32,
      nameOf: () => '',
    });
    const holes = { data: Float32Array.of(1, 0, 1), shape: [1, 3] };
    await expect(apply({ findings: { data: Int32Array.of(2, 5, 3), shape: [1, 3] }, findings_mask: holes }, ['findings'])).rejects.toThrow(
      'the mask of text 0 has holes',
    );
  });
});
