// An optimizer step over micro-batches whose gradients add up to the large batch's exactly.
import type { StagePlan } from '@hybridmed/model/graphs';
import { accumulateGraph, applyGraph, contrastGraph, contrastPrefix, gradientPrefix, projectionGraph, trainedBy } from '@hybridmed/model/graphs';
import { concatRows, scalar, sliceRows, zeros } from '@hybridmed/model/host-arrays';
import { lossTerms } from '@hybridmed/model/objective';
import { alone } from '@hybridmed/ranks';
import type { DeviceState, HostArray, HostArrays, Program } from '@hybridmed/tensor';
import { keyData, mix32 } from '@hybridmed/tensor';
import { SharedStep } from '../ranks/shared-step.ts';
import type { StepMoment, StepOptions, Stepper, StepResult } from './whole-step.ts';
import { maskCount } from './validate.ts';
import { number, updateResults } from './whole-step.ts';

/** Some rows of a batch, their places among those of the whole step, and the key of their dropout. */
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

/** A batch in at most as many parts of equal size as the rank has passes, the last perhaps smaller where there is one rank. */
function microBatches(batch: HostArrays, shared: SharedStep, keyOf: (pass: number) => HostArray): MicroBatch[] {
  const studies = studiesOf(batch);
  const size = Math.ceil(studies / shared.passes);
  return Array.from({ length: Math.ceil(studies / size) }, (_, own) => {
    const arrays = sliceBatch(batch, own * size, Math.min(studies, (own + 1) * size));
    const pass = shared.passOf(own);
    return { arrays, from: pass * size, to: pass * size + studiesOf(arrays), key: keyOf(pass) };
  });
}

/** The arrays that a program reads. */
const dataOf = ({ graph }: Program, arrays: HostArrays): HostArrays =>
  Object.fromEntries(Object.keys(graph.data).flatMap((name) => (arrays[name] ? [[name, arrays[name]] as const] : [])));

/** First pass: the losses that compare the whole step, from what they read of all micro-batches, and `contrast.NAME`, the gradients of that. */
async function contrastOfBatch(
  { project, contrast }: ContrastPrograms,
  state: DeviceState,
  parts: readonly MicroBatch[],
  batch: HostArrays,
  shared: SharedStep,
): Promise<HostArrays> {
  const ofParts: HostArrays[] = [];
  for (const { arrays, key } of parts) ofParts.push(await project.run({ ...dataOf(project, arrays), key }, state));
  const data: Record<string, HostArray> = {};
  for (const name of Object.keys(project.graph.results)) data[name] = await shared.rows(concatRows(ofParts.map((part) => part[name]!)));
  for (const [name, own] of Object.entries(dataOf(contrast, batch))) data[name] = await shared.field(name, own, batch);
  return contrast.run(data, state);
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
 * Ranks share the passes: each gives the studies of its own ones, and the step is that of one process with all of them.
 */
export async function accumulatedStep(options: StepOptions, passes: number): Promise<Stepper> {
  const { device, state, model, plan, seed, optimizer, ranks = alone } = options;
  const shared = new SharedStep(ranks, passes);
  const micro = await device.compile(accumulateGraph(model, plan));
  const update = await device.compile(applyGraph(model, plan, optimizer));
  const programs = await contrastPrograms(options);
  const graphs = [micro, ...(programs ? [programs.project, programs.contrast] : [])].map(({ graph }) => graph);
  const trained = trainedBy(model, plan);
  const gradientNames = trained.map((name) => gradientPrefix + name);
  const otherUpdates = Object.keys(micro.graph.updates).filter((name) => !name.startsWith(gradientPrefix));
  state.write(Object.fromEntries(trained.map((name) => [gradientPrefix + name, zeros(model.parameters[name]!.shape)])));
  const run = async (own: HostArrays, { step, learningRate, stop = false }: StepMoment): Promise<StepResult> => {
    const batch = await shared.padded(own, graphs, model.special.pad);
    const parts = microBatches(batch, shared, (pass) => keyData(mix32(seed + plan.stage), step * passes + pass));
    const contrast = programs && (await contrastOfBatch(programs, state, parts, batch, shared));
    const tokens = batch.target_mask ? maskCount(batch.target_mask.data) : 0;
    const [allTokens, studies, stops] = (await shared.counts([tokens, studiesOf(batch), stop ? 1 : 0])) as [number, number, number];
    const counts = { token_count: scalar(Math.max(1, allTokens)), study_count: scalar(studies) };
    const ofParts: Record<string, number>[] = [];
    for (const part of parts) {
      const gradients = programs ? contrastGradients(programs, contrast!, part) : {};
      const results = await micro.run({ ...dataOf(micro, part.arrays), ...gradients, key: part.key, ...counts }, state);
      ofParts.push(Object.fromEntries(Object.entries(results).map(([name, value]) => [name, number(value)])));
    }
    const losses = await shared.losses(ofParts);
    for (const { row } of lossTerms(plan)) if (contrast?.[row.key]) losses[row.key] = number(contrast[row.key]);
    await shared.gradients(state, gradientNames, otherUpdates);
    const updated = await update.run({ learning_rate: scalar(learningRate), step: scalar(step + 1) }, state);
    return { losses: withTotal(losses, plan), ...updateResults(updated), stop: stops > 0 };
  };
  const release = () => {
    for (const program of [micro, update, programs?.project, programs?.contrast]) program?.release?.();
  };
  return Object.assign(run, { release });
}
