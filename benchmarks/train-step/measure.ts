// Measures one stage-2 step on the CPU or a WebGPU adapter: median time after two steps, the process's peak memory, and the GPU's plan.
import type { StagePlan } from 'hybridmed';
import { createModel, defaultWeights, presetModel, stepGraph, teacherParameters, trainable } from 'hybridmed';
import { initialize, momentNames, startLossScale } from '@hybridmed/nn';
import { cpuDevice } from '@hybridmed/onnx';
import type { Device, HostArrays, Precision } from '@hybridmed/tensor';
import { keyData } from '@hybridmed/tensor';
import type { DeviceEvents, PlanSummary, TuningMode } from '@hybridmed/webgpu';
import type { AdapterName } from '../harness/adapter.ts';
import { openAdapter } from '../harness/adapter.ts';
import type { StepPreset } from './problem.ts';
import { randomBatch, special, stepPresets } from './problem.ts';

/** The result of the suite. */
export interface StepResult {
  readonly preset: StepPreset;
  readonly device: string;
  readonly threads: number;
  readonly precision: Precision;
  readonly studiesPerSecond: number;
  readonly millisecondsPerStep: number;
  /** Milliseconds of each measured step: what `compare` takes for the noise. */
  readonly samples: readonly number[];
  /** The loss of the first step: what another implementation of the same step on the same numbers must give. */
  readonly firstLoss: number;
  /** Parameters, the teacher's copy of some, and moments, in MiB: what lies on the device beside a step's intermediates. */
  readonly stateMiB: number;
  /** Peak resident memory of the process in MiB. */
  readonly peakMiB: number;
  /** On WebGPU: what the step's plan takes, and the seconds from the first call to all pipelines being compiled. */
  readonly plan?: {
    readonly dispatches: number;
    readonly shaders: number;
    readonly arenaMiB: number;
    readonly sideBySideMiB: number;
    readonly compileSeconds: number;
  };
}

/** Where to measure: the CPU, or an adapter by name. */
export type StepDevice = 'cpu' | AdapterName;

/** The frozen copy of the summarization branch runs inside the step, as in the reference. */
export const stepPlan = {
  stage: 2,
  teacher: 'snapshot',
  weights: defaultWeights,
  temperature: 1,
  tau: 0.1,
  duplicates: 'negatives',
} as const satisfies StagePlan;

const round = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits;
const scalar = (value: number) => ({ data: Float32Array.of(value), shape: [] });

const mebibytes = (bytes: number): number => round(bytes / 2 ** 20, 1);

/** Opens the device, and notes the plan and compilation of the program that it is for. */
async function openStepDevice(
  name: StepDevice,
  threads: number,
  tuning: TuningMode,
  precision: Precision,
): Promise<{ device: Device; plan: () => StepResult['plan'] }> {
  if (name === 'cpu') return { device: cpuDevice({ threads }), plan: () => undefined };
  let summary: PlanSummary | undefined;
  let [started, ended] = [0, 0];
  const events: DeviceEvents = {
    onMessage: (text) => void process.stderr.write(`${text}\n`),
    onPlan(planned) {
      summary = planned;
      process.stderr.write(
        `plan: ${planned.dispatches} dispatches of ${planned.shaders} shaders, ${mebibytes(planned.arenaBytes)} MiB at the peak, ${mebibytes(planned.unsharedBytes)} without sharing\n`,
      );
    },
    onCompile(done, total) {
      if (done === 0) started = performance.now();
      ended = performance.now();
      if (done === total || done % 10 === 0) process.stderr.write(`shaders compiled: ${done} of ${total}, ${((ended - started) / 1000).toFixed(1)} s\n`);
    },
  };
  const device = await openAdapter(name, events, tuning, precision);
  return {
    device,
    plan: () =>
      summary && {
        dispatches: summary.dispatches,
        shaders: summary.shaders,
        arenaMiB: mebibytes(summary.arenaBytes),
        sideBySideMiB: mebibytes(summary.unsharedBytes),
        compileSeconds: round((ended - started) / 1000, 2),
      },
  };
}

/** Runs the step of a preset. */
export async function measureStep(
  preset: StepPreset,
  {
    steps,
    threads,
    device: on = 'cpu',
    tuning = 'off',
    precision = 'f32',
  }: { steps: number; threads: number; device?: StepDevice; tuning?: TuningMode; precision?: Precision },
): Promise<StepResult> {
  const { batch, vocabulary } = stepPresets[preset];
  const model = createModel(presetModel(preset, vocabulary, special));
  const { device, plan: planned } = await openStepDevice(on, threads, tuning, precision);
  const state = device.createState();
  const stateBytes = fillState();
  const program = await device.compile(stepGraph(model, { ...stepPlan, lossScale: precision === 'mixed' }));
  const data = { ...randomBatch(model, preset), key: keyData(0), learning_rate: scalar(1e-4) } as HostArrays;
  const needed = Object.fromEntries(Object.entries(data).filter(([name]) => name in program.graph.data));
  const times: number[] = [];
  let firstLoss = Number.NaN;
  for (let step = 1; step <= steps + 2; step++) {
    const start = performance.now();
    const { total } = await program.run({ ...needed, step: scalar(step) }, state);
    times.push(performance.now() - start);
    if (step === 1) firstLoss = total!.data[0]!;
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
    precision,
    studiesPerSecond: round((batch * 1000) / median, 2),
    millisecondsPerStep: round(median, 1),
    samples: times.slice(2).map((time) => round(time, 1)),
    firstLoss: Number(firstLoss.toPrecision(7)),
    stateMiB: mebibytes(stateBytes),
    peakMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    ...(planned() ? { plan: planned()! } : {}),
  };

  /** Writes parameters, the teacher's copies and moments; returns their bytes. */
  function fillState(): number {
    const parameters = initialize(model.parameters, 0);
    let elements = 0;
    const write = (arrays: HostArrays): void => {
      state.write(arrays);
      for (const { shape } of Object.values(arrays)) elements += shape.reduce((a, b) => a * b, 1);
    };
    write({ ...parameters, ...(precision === 'mixed' ? startLossScale() : {}) });
    for (const name of teacherParameters(model, 'snapshot')) write({ [`teacher.${name}`]: parameters[name]! });
    for (const name of trainable(model, 2)) {
      const { shape } = parameters[name]!;
      for (const moment of momentNames(name)) write({ [moment]: { data: new Float32Array(shape.reduce((a, b) => a * b, 1)), shape } });
    }
    return 4 * elements;
  }
}
