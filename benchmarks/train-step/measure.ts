// Measures one stage-2 step on the CPU device: median time after two steps, and the process's peak memory.
import type { StagePlan } from 'hybridmed';
import { createModel, defaultWeights, presetModel, stepGraph, teacherParameters, trainable } from 'hybridmed';
import { initialize, momentNames } from '@hybridmed/nn';
import { cpuDevice } from '@hybridmed/onnx';
import type { HostArrays } from '@hybridmed/tensor';
import { keyData } from '@hybridmed/tensor';
import type { StepPreset } from './problem.ts';
import { randomBatch, special, stepPresets } from './problem.ts';

/** What a run of the suite found. */
export interface StepResult {
  readonly preset: StepPreset;
  readonly device: string;
  readonly threads: number;
  readonly studiesPerSecond: number;
  readonly millisecondsPerStep: number;
  /** Peak resident memory of the process in MiB. */
  readonly peakMiB: number;
}

/** The frozen copy of the summarization branch runs inside the step, as in the reference. */
const plan: StagePlan = { stage: 2, teacher: 'snapshot', weights: defaultWeights, temperature: 1, tau: 0.1, duplicates: 'negatives' };

const round = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits;
const scalar = (value: number) => ({ data: Float32Array.of(value), shape: [] });

/** Runs the step of a preset. */
export async function measureStep(preset: StepPreset, { steps, threads }: { steps: number; threads: number }): Promise<StepResult> {
  const { batch, vocabulary } = stepPresets[preset];
  const model = createModel(presetModel(preset, vocabulary, special));
  const device = cpuDevice({ threads });
  const state = device.createState();
  fillState();
  const program = await device.compile(stepGraph(model, plan));
  const data = { ...randomBatch(model, preset), key: keyData(0), learning_rate: scalar(1e-4) } as HostArrays;
  const needed = Object.fromEntries(Object.entries(data).filter(([name]) => name in program.graph.data));
  const times: number[] = [];
  for (let step = 1; step <= steps + 2; step++) {
    const start = performance.now();
    const { total } = await program.run({ ...needed, step: scalar(step) }, state);
    times.push(performance.now() - start);
    if (!Number.isFinite(total!.data[0])) throw new Error(`the loss of step ${step} is ${total!.data[0]}`);
  }
  program.release?.();
  await device.close();
  const sorted = times.slice(2).toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)]!;
  return {
    preset,
    device: device.info.name,
    threads,
    studiesPerSecond: round((batch * 1000) / median, 2),
    millisecondsPerStep: round(median, 1),
    peakMiB: Math.round(process.resourceUsage().maxRSS / 1024),
  };

  function fillState(): void {
    const parameters = initialize(model.parameters, 0);
    state.write(parameters);
    for (const name of teacherParameters(model, 'snapshot')) state.write({ [`teacher.${name}`]: parameters[name]! });
    for (const name of trainable(model, 2)) {
      const { shape } = parameters[name]!;
      for (const moment of momentNames(name)) state.write({ [moment]: { data: new Float32Array(shape.reduce((a, b) => a * b, 1)), shape } });
    }
  }
}
