// An optimizer step over micro-batches whose gradients add up to the large batch's exactly.
import type { Model } from '@hybridmed/model';
import { trainable } from '@hybridmed/model';
import type { StagePlan } from '@hybridmed/model/graphs';
import { accumulateGraph, applyGraph, contrastGraph, gradientPrefix, projectionGraph, stepFields } from '@hybridmed/model/graphs';
import { concatRows, scalar, sliceRows, zeros } from '@hybridmed/model/host-arrays';
import type { DeviceState, HostArray, HostArrays, Program } from '@hybridmed/tensor';
import { keyData, mix32 } from '@hybridmed/tensor';
import type { StepOptions, Stepper, StepResult } from './whole-step.ts';
import { number, updateResults } from './whole-step.ts';

/** Some rows of a batch, and the key of their dropout. */
interface MicroBatch {
  readonly arrays: HostArrays;
  readonly from: number;
  readonly to: number;
  readonly key: HostArray;
}

/** Programs of the contrast over the whole batch: projections of a micro-batch, and the loss with its gradients. */
interface ContrastPrograms {
  readonly project: Program;
  readonly contrast: Program;
}

/** Rows `from` up to `to` of every array of a batch. */
const sliceBatch = (batch: HostArrays, from: number, to: number): Record<string, HostArray> =>
  Object.fromEntries(Object.entries(batch).map(([name, array]) => [name, sliceRows(array, from, to)]));

/** A batch in at most `passes` parts of equal size, the last perhaps smaller. */
function microBatches(batch: HostArrays, passes: number, keyOf: (pass: number) => HostArray): MicroBatch[] {
  const studies = batch.input!.shape[0]!;
  const size = Math.ceil(studies / passes);
  return Array.from({ length: Math.ceil(studies / size) }, (_, pass) => {
    const [from, to] = [pass * size, Math.min(studies, (pass + 1) * size)];
    return { arrays: sliceBatch(batch, from, to), from, to, key: keyOf(pass) };
  });
}

/** First pass: L_CG over the projections of all micro-batches, with its gradients: `cg`, `cg_image` and `cg_text` (B, d), `cg_scale`. */
async function contrastOfBatch(
  { project, contrast }: ContrastPrograms,
  state: DeviceState,
  parts: readonly MicroBatch[],
  groups: HostArray | undefined,
): Promise<HostArrays> {
  const projections: HostArrays[] = [];
  for (const { arrays, key } of parts)
    projections.push(await project.run({ image: arrays.image!, impression: arrays.impression!, impression_mask: arrays.impression_mask!, key }, state));
  const [image, text] = [concatRows(projections.map((p) => p.image!)), concatRows(projections.map((p) => p.text!))];
  return contrast.run({ image, text, ...(groups ? { groups } : {}) }, state);
}

/** A micro-batch's rows of the contrast's gradients; the logit scale's gradient counts once, with the first. */
const contrastGradients = ({ cg_image, cg_text, cg_scale }: HostArrays, { from, to }: MicroBatch): HostArrays => ({
  ...sliceBatch({ cg_image: cg_image!, cg_text: cg_text! }, from, to),
  cg_scale: from === 0 ? cg_scale! : scalar(0),
});

/** Width d of the common space. */
const alignWidth = ({ parameters }: Model): number =>
  parameters['align.vision_global.weight']?.shape[0] ?? parameters['align.vision_global.fc2.weight']!.shape[0]!;

/** The weighted sum of losses, as a single program would give it. */
function withTotal(losses: Readonly<Record<string, number>>, plan: StagePlan): StepResult['losses'] {
  const weights: Readonly<Record<string, number>> = plan.stage === 1 ? { sum: 1 } : { ...plan.weights };
  return { ...losses, total: Object.entries(losses).reduce((sum, [name, value]) => sum + (weights[name] ?? 0) * value, 0) };
}

/**
 * A step over `passes` micro-batches with the gradients of the whole batch: token means over all its tokens; contrastive
 * negatives from all its studies, in two passes (projections first, then gradients through the cached gradients of L_CG)
 * [Gao et al. 2021, GradCache].
 */
export async function accumulatedStep({ device, state, model, plan, seed, optimizer }: StepOptions, passes: number): Promise<Stepper> {
  const width = alignWidth(model);
  const micro = await device.compile(accumulateGraph(model, plan, width));
  const update = await device.compile(applyGraph(model, plan, optimizer));
  const programs: ContrastPrograms | undefined =
    plan.stage === 2 && plan.weights.cg !== 0
      ? { project: await device.compile(projectionGraph(model)), contrast: await device.compile(contrastGraph(model, width, plan.duplicates)) }
      : undefined;
  state.write(Object.fromEntries(trainable(model, plan.stage).map((name) => [gradientPrefix + name, zeros(model.parameters[name]!.shape)])));
  const grouped = plan.stage === 2 && plan.duplicates === 'positives';
  const fields = stepFields(plan).filter((field) => field !== 'groups');
  return async (batch, { step, learningRate }) => {
    const parts = microBatches(batch, passes, (pass) => keyData(mix32(seed + plan.stage), step * passes + pass));
    const contrast = programs && (await contrastOfBatch(programs, state, parts, grouped ? batch.groups! : undefined));
    const tokens = (batch.target_mask!.data as Float32Array).reduce((total: number, value: number) => total + value, 0);
    const counts = { token_count: scalar(Math.max(1, tokens)), study_count: scalar(batch.input!.shape[0]!) };
    const losses: Record<string, number> = {};
    for (const part of parts) {
      const { arrays, key } = part;
      const hidden: HostArrays = arrays.teacher_hidden ? { teacher_hidden: arrays.teacher_hidden } : {};
      const data = Object.fromEntries(fields.map((field) => [field, arrays[field]!]));
      const results = await micro.run({ ...data, ...hidden, ...(contrast ? contrastGradients(contrast, part) : {}), key, ...counts }, state);
      for (const [name, value] of Object.entries(results)) losses[name] = (losses[name] ?? 0) + number(value);
    }
    if (contrast) losses.cg = number(contrast.cg);
    const updated = await update.run({ learning_rate: scalar(learningRate), step: scalar(step + 1) }, state);
    return { losses: withTotal(losses, plan), ...updateResults(updated) };
  };
}
