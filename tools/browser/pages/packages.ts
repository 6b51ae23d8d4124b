// A page that runs the packages in the browser: every kernel, one stage-2 step, and generation from a checkpoint.
import type { AnyKernel, ArraySpec, Numbers } from '@hybridmed/kernels';
import { kernels } from '@hybridmed/kernels';
import { momentNames, parseSafetensors, startLossScale } from '@hybridmed/nn';
import type { HostArrays } from '@hybridmed/tensor';
import { keyData } from '@hybridmed/tensor';
import { tokenizerFromJson } from '@hybridmed/text';
import type { WebgpuDevice } from '@hybridmed/webgpu';
import { browserWebgpuDevice, capabilitiesOf, prepareKernel } from '@hybridmed/webgpu';
import type { ModelConfig, StagePlan } from 'hybridmed';
import { createGenerator, createModel, stepGraph, teacherParameters } from 'hybridmed';

const fetchJson = async (path: string) => (await fetch(path)).json();
const fetchArrays = async (path: string): Promise<HostArrays> => parseSafetensors(new Uint8Array(await (await fetch(path)).arrayBuffer())).arrays;

const device = await browserWebgpuDevice();

function inputOf(kernel: AnyKernel['cases'][number], spec: ArraySpec, index: number): Numbers {
  const given = kernel.input?.(spec);
  if (given) return given;
  const noise = (i: number) => (Math.sin((i + 1) * 12.9898 + index * 78.233) * 43758.5453) % 1;
  return spec.type === 'i32'
    ? Int32Array.from({ length: spec.length }, (_, i) => (i * 31) % 7)
    : Float32Array.from({ length: spec.length }, (_, i) => noise(i));
}

/** Greatest difference relative to the greatest reference value. */
function errorOf(ours: Numbers, theirs: Numbers): number {
  let [difference, scale] = [0, 0];
  theirs.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(ours[i]! - value));
    scale = Math.max(scale, Math.abs(value));
  });
  return difference === 0 ? 0 : difference / scale;
}

/** Runs every small case that the adapter can; returns those that are wrong. */
async function wrongKernels(): Promise<{ ran: number; wrong: string[] }> {
  const wrong: string[] = [];
  let ran = 0;
  const { f16 } = capabilitiesOf(device.gpu);
  for (const kernel of Object.values(kernels) as unknown as AnyKernel[]) {
    for (const one of kernel.cases.filter((item) => !item.large && (f16 || !item.f16))) {
      const inputs = kernel.arrays(one.problem).inputs.map((spec, index) => inputOf(one, spec, index));
      const prepared = await prepareKernel(device.gpu, kernel, one.problem, inputs);
      const expected = kernel.reference(one.problem, inputs);
      const outputs = await prepared.run();
      if (outputs.some((output, i) => !(errorOf(output, expected[i]!) <= one.tolerance))) wrong.push(`${kernel.name}: ${one.name}`);
      prepared.release();
      ran++;
    }
  }
  return { ran, wrong };
}

const config = (await fetchJson('/checkpoint/config.json')) as { model: ModelConfig };
const model = createModel(config.model);
const parameters = await fetchArrays('/checkpoint/model.safetensors');
const tokenizer = tokenizerFromJson(await fetchJson('/checkpoint/tokenizer.json'));
const batch = await fetchArrays('/batch.safetensors');
const plan = (await fetchJson('/plan.json')) as StagePlan;

/** One stage-2 step on a device: its losses. */
async function step(on: WebgpuDevice): Promise<Record<string, number>> {
  const zeros = Object.entries(model.parameters)
    .filter(([, spec]) => !spec.buffer)
    .flatMap(([name, { shape }]) => momentNames(name).map((moment) => [moment, { data: new Float32Array(shape.reduce((a, b) => a * b, 1)), shape }] as const));
  const teacher = Object.fromEntries(teacherParameters(model, 'snapshot').map((name) => [`teacher.${name}`, parameters[name]!]));
  const lossScale = on.info.precision === 'mixed';
  const state = on.createState({ ...parameters, ...Object.fromEntries(zeros), ...teacher, ...(lossScale ? startLossScale() : {}) });
  const program = await on.compile(stepGraph(model, { ...plan, lossScale }));
  const scalar = (value: number) => ({ data: Float32Array.of(value), shape: [] });
  const results = await program.run({ ...batch, key: keyData(0), learning_rate: scalar(1e-3), step: scalar(1) }, state);
  state.drop();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data[0]!]));
}

/** The step's losses in mixed precision, or the error of an adapter without 16-bit floats. */
async function mixedStep(): Promise<{ losses?: Record<string, number>; error?: string }> {
  try {
    return { losses: await step(await browserWebgpuDevice({ precision: 'mixed' })) };
  } catch (error) {
    return { error: `${(error as Error).name}: ${(error as Error).message}` };
  }
}

/** Impressions from the batch's films. */
async function generate(): Promise<string[]> {
  const state = device.createState(parameters);
  const generator = await createGenerator(device, state, model, 'image', { maxTokens: 8 });
  return (await generator.generate({ image: batch.image! })).map(({ ids }) => tokenizer.decode(ids));
}

const { ran, wrong } = await wrongKernels();
const { f16 } = capabilitiesOf(device.gpu);
Object.assign(window, { __result: { f16, ran, wrong, losses: await step(device), texts: await generate(), mixed: await mixedStep() } });
