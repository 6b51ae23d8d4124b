// Replays whole-model goldens: losses and gradients of both stages, training trajectories, and generation.
import type { LossWeights, ModelConfig, Branch, Model } from '@hybridmed/model';
import { createGenerator, createModel, lossNames, modelWithCurrentNames, trainable } from '@hybridmed/model';
import type { BatchTensors, StagePlan, TeacherMode } from '@hybridmed/model/graphs';
import { batchSpecs, gradientGraph, stepFields, stepGraph, teacherParameters, teacherPrefix } from '@hybridmed/model/graphs';
import { scalar, zeros } from '@hybridmed/model/host-arrays';
import { summarize } from '@hybridmed/model/objective';
import { cosineSchedule, momentNames, parameterSpecs, rootScope, startLossScale } from '@hybridmed/nn';
import type { Device, DeviceState, HostArrays, TensorSpec } from '@hybridmed/tensor';
import { keyData, trace } from '@hybridmed/tensor';
import type { Comparison, Golden } from './golden.ts';
import { asFloat, relativeError, Report, scalarError, withPrefix } from './golden.ts';

const key = keyData(0);

function batchOf(golden: Golden, prefix: string): HostArrays {
  return Object.fromEntries(
    Object.entries(withPrefix(golden.arrays, prefix)).map(([name, value]) => [name, name.endsWith('mask') || name === 'image' ? asFloat(value) : value]),
  );
}

const pickFields = (batch: HostArrays, plan: StagePlan, model: Model): HostArrays =>
  Object.fromEntries(stepFields(plan, model).map((field) => [field, batch[field]!]));

interface StageJson {
  weights?: LossWeights;
  T?: number;
  teacher?: string;
}

function planOf(stage: string, { weights, T }: StageJson, teacher: TeacherMode, positives: boolean, { info }: Device): StagePlan {
  const lossScale = info.precision === 'mixed';
  if (stage === 'stage1') return { stage: 1, lossScale };
  return { stage: 2, lossScale, teacher, weights: weights!, temperature: T ?? 1, tau: 0.1, duplicates: positives ? 'positives' : 'negatives' };
}

const teacherState = (model: Model, source: HostArrays): HostArrays =>
  Object.fromEntries(teacherParameters(model, 'snapshot').map((name) => [teacherPrefix + name, source[name]!]));

/** Replays `hybridmed-losses*`: every loss and every parameter's gradient of each stage in the file. */
export async function verifyModelLosses(device: Device, golden: Golden): Promise<Comparison[]> {
  const { json, arrays, name } = golden;
  const report = new Report(name, device.info);
  const model = createModel(modelWithCurrentNames(json.config) as ModelConfig);
  const batch = batchOf(golden, 'batch.');
  const teacher = withPrefix(arrays, 'teacher.');
  for (const stage of ['stage1', 'stage2', 'stage2_live'].filter((part) => part in json)) {
    const plan = planOf(stage, json[stage] as StageJson, stage === 'stage2' ? 'snapshot' : 'live', 'groups' in batch, device);
    const state = device.createState({ ...withPrefix(arrays, 'param.'), ...startLossScale(), ...(stage === 'stage2' ? teacherState(model, teacher) : {}) });
    const program = await device.compile(gradientGraph(model, plan));
    const results = await program.run({ ...pickFields(batch, plan, model), key }, state);
    for (const loss of [...lossNames, 'total']) {
      if (loss in json[stage] && results[loss]) report.add(`${stage}: L_${loss}`, scalarError(results[loss].data[0]!, json[stage][loss]), 1e-5, 'losses');
    }
    report.addGradients(`${stage}: gradients`, withPrefix(results, 'grad.'), withPrefix(arrays, `grad.${stage}.`), 1e-4);
    program.release?.();
    state.drop();
  }
  return report.rows();
}

interface TrainingRow {
  step: number;
  lr: number;
  grad_norm: number;
  [loss: string]: number;
}

interface TrainingStage extends StageJson {
  steps: number;
  warmup: number;
  rows: TrainingRow[];
}

// Their gradients are noise: softmax cancels a shift of all scores.
const isKeyBias = (name: string): boolean => name.endsWith('.k.bias') || name.endsWith('.key.bias');

/** A parameter's values without the key third of a joint query-key-value bias. */
function comparable(name: string, data: HostArrays[string]['data']): HostArrays[string]['data'] {
  if (!name.endsWith('qkv.bias')) return data;
  const third = data.length / 3;
  return data.map((value, i) => (i >= third && i < 2 * third ? 0 : value));
}

/** Replays `hybridmed-training`: losses, gradient norm and learning rate at each step, and the parameters after each stage. */
export async function verifyTraining(device: Device, golden: Golden): Promise<Comparison[]> {
  const { json, arrays, name } = golden;
  const report = new Report(name, device.info);
  const model = createModel(modelWithCurrentNames(json.config) as ModelConfig);
  const batches: HostArrays[] = [];
  while (`batch${batches.length}.input` in arrays) batches.push(batchOf(golden, `batch${batches.length}.`));
  const state = device.createState(withPrefix(arrays, 'param.'));
  const { lr: peak, betas, eps, weight_decay: weightDecay, clip } = json.optimizer;
  for (const stage of ['stage1', 'stage2'] as const) {
    const recipe = json[stage] as TrainingStage;
    const number = stage === 'stage1' ? 1 : 2;
    const names = trainable(model, number);
    const moments = names.flatMap((parameter) => momentNames(parameter).map((moment) => [moment, zeros(model.parameters[parameter]!.shape)] as const));
    state.write({ ...Object.fromEntries(moments), ...startLossScale() });
    if (number === 2) state.write(teacherState(model, await state.read(teacherParameters(model, 'snapshot'))));
    const plan = planOf(stage, recipe, 'snapshot', 'groups' in batches[0]!, device);
    const program = await device.compile(stepGraph(model, plan, { betas, epsilon: eps, weightDecay, clip }));
    for (const row of recipe.rows) {
      const learningRate = cosineSchedule(row.step, { steps: recipe.steps, warmup: recipe.warmup, peak });
      report.add(`${stage}: learning rate`, scalarError(learningRate, row.lr), 1e-6);
      const results = await program.run(
        { ...pickFields(batches[row.step % batches.length]!, plan, model), key, learning_rate: scalar(learningRate), step: scalar(row.step + 1) },
        state,
      );
      report.add(`${stage}: gradient norm`, scalarError(results.gradient_norm!.data[0]!, row.grad_norm), 1e-2, 'trajectory');
      for (const loss of [...lossNames, 'total'])
        if (row[loss] !== undefined && results[loss]) report.add(`${stage}: L_${loss}`, scalarError(results[loss].data[0]!, row[loss]), 1e-3, 'trajectory');
    }
    const expected = withPrefix(arrays, `after_${stage}.`);
    const ours = await state.read(Object.keys(expected));
    for (const [parameter, { data }] of Object.entries(expected)) {
      if (!isKeyBias(parameter))
        report.add(`${stage}: parameters after`, relativeError(comparable(parameter, ours[parameter]!.data), comparable(parameter, data)), 1e-3, 'trajectory');
    }
    program.release?.();
  }
  state.drop();
  return report.rows();
}

async function forcedLogits(device: Device, state: DeviceState, model: Model, branch: Branch, batch: HostArrays) {
  const { image, findings, findings_mask, input } = batchSpecs(model);
  const data: Record<string, TensorSpec> = branch === 'image' ? { image, input } : { findings, findings_mask, input };
  const graph = trace({ data, state: parameterSpecs(model.parameters) }, (inputs, values) => {
    const scope = rootScope(values);
    if (branch === 'findings')
      return { results: { logits: model.decoder.logits(scope.child('decoder'), summarize(model, scope, inputs as BatchTensors).hidden) } };
    const { tokens } = model.vision.call(scope.child('vision'), inputs.image!);
    const decoder = scope.child('decoder');
    return { results: { logits: model.decoder.logits(decoder, model.decoder.hidden(decoder, 'image', inputs.input!, tokens)) } };
  });
  const program = await device.compile(graph);
  const { logits } = await program.run(Object.fromEntries(Object.keys(data).map((field) => [field, batch[field]!])), state);
  program.release?.();
  return logits!;
}

/** Replays `hybridmed-generation*`: logits, greedy texts, and beam texts with their scores, for both branches. */
export async function verifyGeneration(device: Device, golden: Golden): Promise<Comparison[]> {
  const { json, arrays, name } = golden;
  const report = new Report(name, device.info);
  const model = createModel(modelWithCurrentNames(json.config) as ModelConfig);
  const batch = batchOf(golden, 'batch.');
  const state = device.createState(withPrefix(arrays, 'param.'));
  for (const branch of ['image', 'findings'] as const) {
    const expectedLogits = arrays[`out.logits.${branch}`];
    if (expectedLogits)
      report.add(`${branch}: logits`, relativeError((await forcedLogits(device, state, model, branch, batch)).data, expectedLogits.data), 1e-3, 'outputs');
    const generator = await createGenerator(device, state, model, branch, { maxTokens: json.max_new });
    const inputs: HostArrays = branch === 'image' ? { image: batch.image! } : { findings: batch.findings!, findings_mask: batch.findings_mask! };
    for (const [kind, expected] of Object.entries(json[branch] as Record<string, (number[] | { ids: number[]; score: number })[]>)) {
      const beam = /^beam(\d+)(?:_alpha([\d.]+))?$/.exec(kind);
      const hypotheses = await generator.generate(inputs, beam ? { kind: 'beam', width: Number(beam[1]), alpha: Number(beam[2] ?? 1) } : { kind: 'greedy' });
      expected.forEach((text, i) => {
        const { ids, score } = Array.isArray(text) ? { ids: text, score: undefined } : text;
        report.add(`${branch}: ${kind} ids`, ids.join() === hypotheses[i]!.ids.join() ? 0 : Infinity, 0);
        if (score !== undefined) report.add(`${branch}: ${kind} scores`, scalarError(hypotheses[i]!.score, score), 1e-3, 'outputs');
      });
    }
  }
  state.drop();
  return report.rows();
}
