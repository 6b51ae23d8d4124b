// One optimizer step on a batch: a single program, or micro-batches whose gradients add up to the large batch's exactly.
import type { AdamWOptions } from '@hybridmed/nn';
import { momentNames, startLossScale } from '@hybridmed/nn';
import type { Device, DeviceState, HostArray, HostArrays } from '@hybridmed/tensor';
import { keyData, mix32 } from '@hybridmed/tensor';
import type { LossName } from '../../model/config.ts';
import type { Model } from '../../model/model.ts';
import { trainable } from '../../model/model.ts';
import type { StagePlan } from '../../stages/graphs.ts';
import { accumulateGraph, applyGraph, contrastGraph, gradientPrefix, projectionGraph, stepFields, stepGraph } from '../../stages/graphs.ts';

/** Results of a step. */
export interface StepResult {
  readonly losses: Readonly<Partial<Record<LossName, number>> & { total: number }>;
  /** Not finite where the loss scale was too large: the step then updated nothing but the scale. */
  readonly gradientNorm: number;
  /** The loss scale that the step used, in mixed precision. */
  readonly lossScale?: number;
}

/** Runs one optimizer step. `step` counts from 0 within the stage; the batch has every field the plan reads, and `teacher_hidden` where kept. */
export type Stepper = (batch: HostArrays, options: { step: number; learningRate: number }) => Promise<StepResult>;

const scalar = (value: number): HostArray => ({ data: Float32Array.of(value), shape: [] });
const zeros = (shape: readonly number[]): HostArray => ({ data: new Float32Array(shape.reduce((a, b) => a * b, 1)), shape });

/** What a device keeps for the optimizer of a stage at its start: zero moments and, in mixed precision, the loss scale. */
export const startOptimizer = (model: Model, { stage, lossScale }: Pick<StagePlan, 'stage' | 'lossScale'>): Record<string, HostArray> => ({
  ...zeroMoments(model, stage),
  ...(lossScale ? startLossScale() : {}),
});

/** Zero moments for what a stage trains. */
export function zeroMoments(model: Model, stage: 1 | 2): Record<string, HostArray> {
  return Object.fromEntries(trainable(model, stage).flatMap((name) => momentNames(name).map((moment) => [moment, zeros(model.parameters[name]!.shape)])));
}

const number = (array: HostArray | undefined): number => array?.data[0] ?? Number.NaN;

function lossValues(results: HostArrays, plan: StagePlan): StepResult['losses'] {
  const names: readonly LossName[] = plan.stage === 1 ? ['sum'] : (['cg', 'cl', 'sum', 'cap', 'dis'] as const).filter((name) => plan.weights[name] !== 0);
  return { ...Object.fromEntries(names.map((name) => [name, number(results[name])])), total: number(results.total) };
}

/** What the update's results say. */
const stepped = ({ gradient_norm: norm, loss_scale: scale }: HostArrays): Pick<StepResult, 'gradientNorm' | 'lossScale'> => ({
  gradientNorm: number(norm),
  ...(scale ? { lossScale: number(scale) } : {}),
});

/** A step as one program. */
export async function wholeStep(device: Device, state: DeviceState, model: Model, plan: StagePlan, seed: number, optimizer: AdamWOptions): Promise<Stepper> {
  const program = await device.compile(stepGraph(model, plan, optimizer));
  return async (batch, { step, learningRate }) => {
    const results = await program.run(
      { ...batch, key: keyData(mix32(seed + plan.stage), step), learning_rate: scalar(learningRate), step: scalar(step + 1) },
      state,
    );
    return { losses: lossValues(results, plan), ...stepped(results) };
  };
}

/** Rows `from` up to `to` of every array of a batch. */
export function sliceBatch(batch: HostArrays, from: number, to: number): Record<string, HostArray> {
  return Object.fromEntries(
    Object.entries(batch).map(([name, { data, shape }]) => {
      const row = shape.slice(1).reduce((a, b) => a * b, 1);
      return [name, { data: data.subarray(from * row, to * row), shape: [to - from, ...shape.slice(1)] }];
    }),
  );
}

const concatRows = (parts: readonly HostArray[]): HostArray => {
  const data = new Float32Array(parts.reduce((total, part) => total + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { data, shape: [parts.reduce((total, part) => total + part.shape[0]!, 0), ...parts[0]!.shape.slice(1)] };
};

/**
 * A step over `accumulate` micro-batches with the gradients of the whole batch: token means over all its tokens; contrastive
 * negatives from all its studies, in two passes (projections first, then gradients through the cached gradients of L_CG)
 * [Gao et al. 2021, GradCache].
 */
export async function accumulatedStep(
  device: Device,
  state: DeviceState,
  model: Model,
  plan: StagePlan,
  seed: number,
  optimizer: AdamWOptions,
  accumulate: number,
): Promise<Stepper> {
  const width = model.parameters['align.vision_global.weight']?.shape[0] ?? model.parameters['align.vision_global.fc2.weight']!.shape[0]!;
  const contrast = plan.stage === 2 && plan.weights.cg !== 0;
  const micro = await device.compile(accumulateGraph(model, plan, width));
  const update = await device.compile(applyGraph(model, plan, optimizer));
  const project = contrast ? await device.compile(projectionGraph(model)) : undefined;
  const global = contrast ? await device.compile(contrastGraph(model, width, plan.duplicates)) : undefined;
  state.write(Object.fromEntries(trainable(model, plan.stage).map((name) => [gradientPrefix + name, zeros(model.parameters[name]!.shape)])));
  return async (batch, { step, learningRate }) => {
    const studies = batch.input!.shape[0]!;
    const size = Math.ceil(studies / accumulate);
    const parts = Array.from({ length: Math.ceil(studies / size) }, (_, i) => sliceBatch(batch, i * size, Math.min(studies, (i + 1) * size)));
    const keys = parts.map((_, i) => keyData(mix32(seed + plan.stage), step * accumulate + i));
    let contrasted: HostArrays | undefined;
    if (project && global) {
      const projections: HostArrays[] = [];
      for (const [i, part] of parts.entries())
        projections.push(await project.run({ image: part.image!, impression: part.impression!, impression_mask: part.impression_mask!, key: keys[i]! }, state));
      const groups: HostArrays = plan.stage === 2 && plan.duplicates === 'positives' ? { groups: batch.groups! } : {};
      contrasted = await global.run(
        { image: concatRows(projections.map((p) => p.image!)), text: concatRows(projections.map((p) => p.text!)), ...groups },
        state,
      );
    }
    const tokens = (batch.target_mask!.data as Float32Array).reduce((total: number, value: number) => total + value, 0);
    const fields = stepFields(plan).filter((field) => field !== 'groups');
    const losses: Record<string, number> = {};
    for (const [i, part] of parts.entries()) {
      const rows: HostArrays = contrasted
        ? sliceBatch({ cg_image: contrasted.cg_image!, cg_text: contrasted.cg_text! }, i * size, Math.min(studies, (i + 1) * size))
        : {};
      const cached: HostArrays = contrasted ? { ...rows, cg_scale: i === 0 ? contrasted.cg_scale! : scalar(0) } : {};
      const hidden: HostArrays = part.teacher_hidden ? { teacher_hidden: part.teacher_hidden } : {};
      const data = Object.fromEntries(fields.map((field) => [field, part[field]!]));
      const results = await micro.run(
        { ...data, ...hidden, ...cached, key: keys[i]!, token_count: scalar(Math.max(1, tokens)), study_count: scalar(studies) },
        state,
      );
      for (const [name, value] of Object.entries(results)) losses[name] = (losses[name] ?? 0) + number(value);
    }
    if (contrasted) losses.cg = number(contrasted.cg);
    const weights: Readonly<Record<string, number>> = plan.stage === 1 ? { sum: 1 } : { ...plan.weights };
    const total = Object.entries(losses).reduce((sum, [name, value]) => sum + (weights[name] ?? 0) * value, 0);
    return { losses: { ...losses, total }, ...stepped(await update.run({ learning_rate: scalar(learningRate), step: scalar(step + 1) }, state)) };
  };
}
