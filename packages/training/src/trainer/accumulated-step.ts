// An optimizer step over micro-batches whose gradients add up to the large batch's exactly.
import { trainable } from '@hybridmed/model';
import type { StagePlan } from '@hybridmed/model/graphs';
import { accumulateGraph, applyGraph, contrastGraph, contrastPrefix, gradientPrefix, projectionGraph } from '@hybridmed/model/graphs';
import { concatRows, scalar, sliceRows, zeros } from '@hybridmed/model/host-arrays';
import { lossTerms } from '@hybridmed/model/objective';
import type { DeviceState, HostArray, HostArrays, Program } from '@hybridmed/tensor';
import { keyData, mix32 } from '@hybridmed/tensor';
import type { StepMoment, StepOptions, Stepper, StepResult } from './whole-step.ts';
import { maskCount } from './validate.ts';
import { number, updateResults } from './whole-step.ts';

/** Some rows of a batch, and the key of their dropout. */
interface MicroBatch {
  readonly arrays: HostArrays;
  readonly from: number;
  readonly to: number;
  readonly key: HostArray;
}

/** Programs of the losses that compare the whole batch: what they read of a micro-batch, and the losses with their gradients. */
interface ContrastPrograms {
  readonly project: Program;
  readonly contrast: Program;
}

/** Rows `from` up to `to` of every array of a batch. */
const sliceBatch = (batch: HostArrays, from: number, to: number): Record<string, HostArray> =>
  Object.fromEntries(Object.entries(batch).map(([name, array]) => [name, sliceRows(array, from, to)]));

/** Number of studies of a batch. */
const studiesOf = (batch: HostArrays): number => Object.values(batch)[0]!.shape[0]!;

/** A batch in at most `passes` parts of equal size, the last perhaps smaller. */
function microBatches(batch: HostArrays, passes: number, keyOf: (pass: number) => HostArray): MicroBatch[] {
  const studies = studiesOf(batch);
  const size = Math.ceil(studies / passes);
  return Array.from({ length: Math.ceil(studies / size) }, (_, pass) => {
    const [from, to] = [pass * size, Math.min(studies, (pass + 1) * size)];
    return { arrays: sliceBatch(batch, from, to), from, to, key: keyOf(pass) };
  });
}

/** The arrays that a program reads. */
const dataOf = ({ graph }: Program, arrays: HostArrays): HostArrays =>
  Object.fromEntries(Object.keys(graph.data).flatMap((name) => (arrays[name] ? [[name, arrays[name]] as const] : [])));

/** First pass: the losses that compare the whole batch, from what they read of all micro-batches, and `contrast.NAME`, the gradients of that. */
async function contrastOfBatch(
  { project, contrast }: ContrastPrograms,
  state: DeviceState,
  parts: readonly MicroBatch[],
  batch: HostArrays,
): Promise<HostArrays> {
  const ofParts: HostArrays[] = [];
  for (const { arrays, key } of parts) ofParts.push(await project.run({ ...dataOf(project, arrays), key }, state));
  const features = Object.fromEntries(Object.keys(project.graph.results).map((name) => [name, concatRows(ofParts.map((part) => part[name]!))]));
  return contrast.run({ ...dataOf(contrast, batch), ...features }, state);
}

/** A micro-batch's rows of the features' gradients; those of parameters count once, with the first. */
function contrastGradients({ project }: ContrastPrograms, results: HostArrays, { from, to }: MicroBatch): HostArrays {
  const gradients = Object.entries(results).filter(([name]) => name.startsWith(contrastPrefix));
  const ofFeature = (name: string) => name.slice(contrastPrefix.length) in project.graph.results;
  return Object.fromEntries(gradients.map(([name, value]) => [name, ofFeature(name) ? sliceRows(value, from, to) : from === 0 ? value : zeros(value.shape)]));
}

/** The losses with their weighted sum, as a single program would give it. */
function withTotal(losses: Readonly<Record<string, number>>, plan: StagePlan): StepResult['losses'] {
  const weights = new Map<string, number>(lossTerms(plan).map(({ row, weight }) => [row.key, weight]));
  return { ...losses, total: Object.entries(losses).reduce((sum, [name, value]) => sum + weights.get(name)! * value, 0) };
}

/** Programs of the losses that compare the whole batch; undefined where a plan has none. */
async function contrastPrograms({ device, model, plan }: StepOptions): Promise<ContrastPrograms | undefined> {
  if (lossTerms(plan).every(({ row }) => row.scope !== 'batch')) return undefined;
  return { project: await device.compile(projectionGraph(model, plan)), contrast: await device.compile(contrastGraph(model, plan)) };
}

/**
 * A step over `passes` micro-batches with the gradients of the whole batch: token means over all its tokens; losses that compare studies
 * over all its studies, in two passes (what they read first, then gradients through their cached gradients) [Gao et al. 2021, GradCache].
 */
export async function accumulatedStep(options: StepOptions, passes: number): Promise<Stepper> {
  const { device, state, model, plan, seed, optimizer } = options;
  const micro = await device.compile(accumulateGraph(model, plan));
  const update = await device.compile(applyGraph(model, plan, optimizer));
  const programs = await contrastPrograms(options);
  state.write(Object.fromEntries(trainable(model, plan.stage).map((name) => [gradientPrefix + name, zeros(model.parameters[name]!.shape)])));
  const run = async (batch: HostArrays, { step, learningRate }: StepMoment): Promise<StepResult> => {
    const parts = microBatches(batch, passes, (pass) => keyData(mix32(seed + plan.stage), step * passes + pass));
    const contrast = programs && (await contrastOfBatch(programs, state, parts, batch));
    const tokens = batch.target_mask ? maskCount(batch.target_mask.data) : 0;
    const counts = { token_count: scalar(Math.max(1, tokens)), study_count: scalar(studiesOf(batch)) };
    const losses: Record<string, number> = {};
    for (const part of parts) {
      const gradients = programs ? contrastGradients(programs, contrast!, part) : {};
      const results = await micro.run({ ...dataOf(micro, part.arrays), ...gradients, key: part.key, ...counts }, state);
      for (const [name, value] of Object.entries(results)) losses[name] = (losses[name] ?? 0) + number(value);
    }
    for (const { row } of lossTerms(plan)) if (contrast?.[row.key]) losses[row.key] = number(contrast[row.key]);
    const updated = await update.run({ learning_rate: scalar(learningRate), step: scalar(step + 1) }, state);
    return { losses: withTotal(losses, plan), ...updateResults(updated) };
  };
  const release = () => {
    for (const program of [micro, update, programs?.project, programs?.contrast]) program?.release?.();
  };
  return Object.assign(run, { release });
}
