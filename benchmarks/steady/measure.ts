// Whether training keeps its memory: resident bytes of the process over the steps of a small model, whose batches have texts of several lengths.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { StagePlan } from 'hybridmed';
import { createModel, defaultWeights, presets, stepGraph, trainable } from 'hybridmed';
import { initialize, momentNames } from '@hybridmed/nn';
import type { Device, HostArray, HostArrays } from '@hybridmed/tensor';
import { keyData } from '@hybridmed/tensor';

/** What was measured; sizes in MiB. */
export interface SteadyResult {
  readonly steps: number;
  /** The least in the first half of the steps, and how much more the least in the second half is: allocators take and give back tens of MiB. */
  readonly residentMiB: number;
  readonly growthMiB: number;
  /** Of JavaScript's own arrays. */
  readonly arraysGrowthMiB: number;
  readonly stepMs: number;
  /** Resident MiB after each tenth of the steps. */
  readonly curve: readonly number[];
}

const special = { pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 };
const plan: StagePlan = { stage: 2, teacher: 'live', weights: defaultWeights, temperature: 1, tau: 0.1, duplicates: 'negatives' };
const [batch, vocabularySize] = [2, 64];
// Steps in turn have findings and impressions of so many tokens.
const lengths = [
  [6, 5],
  [9, 4],
  [7, 8],
] as const;

/** The preset `tiny` with one layer of everything, over 64 words. */
function smallModel() {
  const { vision, text, decoder, align } = presets.tiny;
  return createModel({
    vision: { ...vision, imageSize: 16, width: 12, depth: 1 },
    text: { ...text, width: 8, ffn: 16, depth: 1, vocabularySize },
    decoder: { ...decoder, width: 8, depth: 1, vocabularySize },
    align,
    special,
  } as unknown as Parameters<typeof createModel>[0]);
}

const ids = (rows: number, length: number): HostArray => ({
  data: Int32Array.from({ length: rows * length }, (_, i) => 5 + ((i * 7) % (vocabularySize - 5))),
  shape: [rows, length],
});
const ones = (...shape: readonly number[]): HostArray => ({ data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape });
const scalar = (value: number): HostArray => ({ data: Float32Array.of(value), shape: [] });

function batchOf([findings, impression]: readonly [number, number], size: number, channels: number): HostArrays {
  return {
    image: { data: Float32Array.from({ length: batch * channels * size * size }, (_, i) => Math.sin(i)), shape: [batch, channels, size, size] },
    findings: ids(batch, findings),
    findings_mask: ones(batch, findings),
    impression: ids(batch, impression),
    impression_mask: ones(batch, impression),
    input: ids(batch, impression - 1),
    target: ids(batch, impression - 1),
    target_mask: ones(batch, impression - 1),
  };
}

/** Runs training steps, and compares the memory in their first and second half, measured ten times after collecting garbage. */
export async function measureSteadyState(device: Device, steps: number): Promise<SteadyResult> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const mebibytes = (): { readonly resident: number; readonly arrays: number } => {
    collect();
    const { rss, arrayBuffers } = process.memoryUsage();
    return { resident: rss / 2 ** 20, arrays: arrayBuffers / 2 ** 20 };
  };
  const model = smallModel();
  const parameters = initialize(model.parameters, 0);
  const state = device.createState(parameters);
  for (const name of trainable(model, 2)) {
    const { shape, data } = parameters[name]!;
    for (const moment of momentNames(name)) state.write({ [moment]: { data: new Float32Array(data.length), shape } });
  }
  const program = await device.compile(stepGraph(model, plan));
  const { size, channels } = model.vision.image;
  const batches = lengths.map((own) => Object.fromEntries(Object.entries(batchOf(own, size, channels)).filter(([name]) => name in program.graph.data)));
  const constant = Object.fromEntries(Object.entries({ key: keyData(0), learning_rate: scalar(1e-3) }).filter(([name]) => name in program.graph.data));
  const first = Math.ceil(steps / 10);
  const round = (value: number) => Math.round(value * 100) / 100;
  const sizes: ReturnType<typeof mebibytes>[] = [];
  let started = 0;
  for (let step = 1; step <= steps; step++) {
    const { total } = await program.run({ ...batches[step % batches.length]!, ...constant, step: scalar(step) }, state);
    if (!Number.isFinite(total!.data[0])) throw new Error(`the loss of step ${step} is ${total!.data[0]}`);
    if (step === first) started = performance.now();
    if (step % first === 0 || step === steps) sizes.push(mebibytes());
  }
  const stepMs = (performance.now() - started) / (steps - first);
  const half = Math.floor(sizes.length / 2);
  const least = (part: typeof sizes, kind: 'resident' | 'arrays') => Math.min(...part.map((own) => own[kind]));
  const growth = (kind: 'resident' | 'arrays') => least(sizes.slice(half), kind) - least(sizes.slice(0, half), kind);
  program.release?.();
  state.drop();
  return {
    steps,
    residentMiB: round(least(sizes.slice(0, half), 'resident')),
    growthMiB: round(growth('resident')),
    arraysGrowthMiB: round(growth('arrays')),
    stepMs: round(stepMs),
    curve: sizes.map(({ resident }) => round(resident)),
  };
}
