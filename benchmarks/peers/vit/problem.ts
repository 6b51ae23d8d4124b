// A small vision transformer's training step: sizes, inputs, and the expected losses.
import { adamWStep, collect, initialize, linear, momentNames, rootScope } from '@hybridmed/nn';
import { cpuDevice } from '@hybridmed/onnx';
import type { Device, Graph, HostArray, HostArrays } from '@hybridmed/tensor';
import { grad, mix32, ops, trace } from '@hybridmed/tensor';
import type { ViTConfig } from '@hybridmed/vision';
import { vit } from '@hybridmed/vision';
import type { Task } from '../task.ts';

/** What every engine gets: sizes, and the names and shapes of the parameters, which are the last inputs. */
export interface VitProblem {
  readonly config: ViTConfig;
  readonly batch: number;
  readonly classes: number;
  readonly rate: number;
  /** Steps whose losses are compared. */
  readonly steps: number;
  readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

const config: ViTConfig = { kind: 'vit', imageSize: 96, patch: 8, channels: 1, width: 128, depth: 4, heads: 4 };
const [batch, classes, rate, steps] = [4, 10, 1e-3, 3];

/** As `--filter` and rows name it. */
export const vitCase = { kernel: 'vit-step', case: 'ViT 96/8, 128 wide, 4 deep, batch 4, Adam', pass: 'backward', bound: 1e-3 } as const;

const encoder = vit(config);
const head = linear({ inputs: config.width, outputs: classes });
const specs = collect({ vision: encoder, head });
const scalar = { shape: [], dtype: 'f32' as const };

/** Image and labels, then parameters by name: the same for all engines. */
export function vitTask(): Task {
  const noise = (i: number) => mix32(i) / 2 ** 31 - 1;
  const images = Float32Array.from({ length: batch * config.imageSize ** 2 }, (_, i) => noise(i));
  const labels = Int32Array.from({ length: batch }, (_, i) => (i * 3) % classes);
  const start = Object.entries(initialize(specs, 0));
  const problem: VitProblem = { config, batch, classes, rate, steps, parameters: start.map(([name, { shape }]) => ({ name, shape })) };
  return { kernel: vitCase.kernel, problem, inputs: [images, labels, ...start.map(([, { data }]) => data as Float32Array)] };
}

/** Arithmetic of the products and attention, forward and backward; bytes of parameters, gradients and moments. */
export function vitCost(): { flops: number; bytes: number } {
  const { width, depth, patch, channels } = config;
  const tokens = encoder.tokenCount + 1;
  const layer = tokens * 24 * width ** 2 + 4 * tokens ** 2 * width;
  const forward = batch * (depth * layer + 2 * encoder.tokenCount * patch ** 2 * channels * width);
  const parameters = Object.values(specs).reduce((total, { shape }) => total + shape.reduce((a, b) => a * b, 1), 0);
  return { flops: 3 * forward, bytes: 4 * 9 * parameters };
}

/** The step as this project traces it. */
function stepGraph(): Graph {
  const floats = Object.fromEntries(Object.entries(specs).map(([name, { shape }]) => [name, { shape, dtype: 'f32' as const }]));
  const moments = Object.fromEntries(Object.entries(floats).flatMap(([name, spec]) => momentNames(name).map((moment) => [moment, spec])));
  const data = {
    image: { shape: [batch, config.channels, config.imageSize, config.imageSize], dtype: 'f32' as const },
    labels: { shape: [batch], dtype: 'i32' as const },
    rate: scalar,
    step: scalar,
  };
  return trace({ data, state: { ...floats, ...moments } }, ({ image, labels, rate: learningRate, step }, state) => {
    const scope = rootScope(state, { training: true });
    const logits = head.call(scope.child('head'), encoder.call(scope.child('vision'), image!).global);
    const loss = ops.mean(ops.crossEntropy(logits, labels!));
    const names = Object.keys(specs);
    const gradients = grad(
      loss,
      names.map((name) => state[name]!),
    );
    const gradientOf = Object.fromEntries(names.map((name, i) => [name, gradients[i]!]));
    const scalars = { learningRate: learningRate!, step: step! };
    return { results: { loss }, updates: adamWStep(specs, state, gradientOf, scalars, { weightDecay: 0, clip: Infinity }).updates };
  });
}

const number = (value: number): HostArray => ({ data: Float32Array.of(value), shape: [] });

/** A run on one of this project's devices: each call is a step, and gives its loss. */
export async function vitSteps(device: Device, { problem, inputs }: Task): Promise<{ restart(): void; step(): Promise<number> }> {
  const { parameters } = problem as VitProblem;
  const program = await device.compile(stepGraph());
  const state = device.createState();
  const [image, labels, ...start] = inputs;
  const data: HostArrays = {
    image: { data: image!, shape: [batch, config.channels, config.imageSize, config.imageSize] },
    labels: { data: labels!, shape: [batch] },
    rate: number(rate),
  };
  let done = 0;
  return {
    restart() {
      done = 0;
      parameters.forEach(({ name, shape }, i) => {
        const zeros = { data: new Float32Array(start[i]!.length), shape };
        state.write({ [name]: { data: start[i]!, shape }, ...Object.fromEntries(momentNames(name).map((moment) => [moment, zeros])) });
      });
    },
    async step() {
      done++;
      return (await program.run({ ...data, step: number(done) }, state)).loss!.data[0]!;
    },
  };
}

/** The losses by ONNX Runtime on the CPU: another implementation, which the tests check against golden values. */
export async function vitReference(task: Task): Promise<Float32Array> {
  const device = cpuDevice();
  const run = await vitSteps(device, task);
  run.restart();
  const losses = new Float32Array(steps);
  for (let i = 0; i < steps; i++) losses[i] = await run.step();
  await device.close();
  return losses;
}
