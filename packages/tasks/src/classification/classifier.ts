// An image encoder with a linear head as a task: its loss over labels that may be missing, its batches, its scores.
import type { Loader, Study } from '@hybridmed/data';
import type { Model, Checkpoint } from '@hybridmed/model';
import { batchSpecs, throughFrozen } from '@hybridmed/model/graphs';
import { collect, linear, parameterSpecs, rootScope } from '@hybridmed/nn';
import { layerDecay } from '@hybridmed/nn/fine-tuning';
import { modelInput, studyLoader } from '@hybridmed/runtime';
import type { Device, DeviceState, HostArrays, Tensor } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';
import type { Task } from '@hybridmed/training';
import { kindsOf, labelsOf } from '../labelled-set.ts';
import type { ScoresByClass } from './results.ts';

const headOf = ({ vision }: Model, classes: number) => linear({ inputs: vision.width, outputs: classes });

/** Binary cross-entropy of logits with targets in [0, 1], element by element, in nats. */
function binaryCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  const magnitude = ops.maximum(logits, ops.neg(logits));
  return ops.add(ops.sub(ops.maximum(logits, 0), ops.mul(logits, targets)), ops.log(ops.add(1, ops.exp(ops.neg(magnitude)))));
}

/** The encoder's and the head's parameters; below the head each layer of the encoder learns `decay` times as fast as the one above it. */
const parametersOf = (model: Model, classes: number, decay = 1) =>
  collect({ vision: { parameters: decay === 1 ? model.vision.parameters : layerDecay(model.vision.parameters, decay) }, head: headOf(model, classes) });

/** The task: `image`, `targets` (B, classes) and `weights` (B, classes), 0 where a label is missing. The loss is the weighted mean. */
export function classifierTask(model: Model, classes: number, decay = 1): Task {
  const head = headOf(model, classes);
  const perClass = { shape: ['B', classes], dtype: 'f32' } as const;
  return {
    parameters: parametersOf(model, classes, decay),
    data: { image: batchSpecs(model).image, targets: perClass, weights: perClass },
    loss(scope, { image, targets, weights }) {
      const logits = head.call(scope.child('head'), model.vision.call(scope.child('vision'), image!).global);
      const total = ops.sum(ops.mul(binaryCrossEntropy(logits, targets!), weights!));
      return ops.div(total, ops.maximum(ops.sum(weights!), 1e-6));
    },
  };
}

/** A loader of images alone, prepared as the checkpoint's model takes them. */
export function labelledLoader(
  { config, model }: Checkpoint,
  studies: readonly Study[],
  options: { batchSize: number; train: boolean; seed?: number },
): Loader {
  return studyLoader(modelInput(model.vision, config.input), { studies, tokenizer: { encode: () => [], special: { pad: 0 } }, ...options });
}

/** Batches of an epoch with targets and weights. With `balanced` the positives and the negatives of a class have equal total weight. */
export async function* withTargets(
  { vision }: Model,
  loader: Loader,
  classes: readonly string[],
  classWeights: 'none' | 'balanced',
  epoch: number,
): AsyncGenerator<HostArrays> {
  const labels = classes.map((name) => labelsOf(loader.studies, name));
  const kinds = classes.map((name) => kindsOf(loader.studies, name));
  const weightOf = (column: number, label: 0 | 1): number => {
    const { positives, negatives } = kinds[column]!;
    return classWeights === 'none' ? 1 : (positives + negatives) / (2 * (label === 1 ? positives : negatives));
  };
  for await (const { arrays, studies } of loader.batches({ epoch })) {
    const shape = [studies.length, classes.length];
    const [targets, weights] = [new Float32Array(studies.length * classes.length), new Float32Array(studies.length * classes.length)];
    studies.forEach((study, row) =>
      classes.forEach((_, column) => {
        const label = labels[column]![study];
        if (label === undefined) return;
        targets[row * classes.length + column] = label;
        weights[row * classes.length + column] = weightOf(column, label);
      }),
    );
    yield { image: await throughFrozen(vision, arrays.image), targets: { data: targets, shape }, weights: { data: weights, shape } };
  }
}

/** Scores studies with a classifier whose parameters are in a state. */
export interface Scorer {
  score(state: DeviceState, loader: Loader): Promise<ScoresByClass>;
}

/** Compiles a classifier's forward pass: logits by class, in the loader's order. */
export async function createScorer(device: Device, { model }: Checkpoint, classes: readonly string[]): Promise<Scorer> {
  const head = headOf(model, classes.length);
  const program = await device.compile(
    trace({ data: { image: batchSpecs(model).image }, state: parameterSpecs(parametersOf(model, classes.length)) }, ({ image }, state) => {
      const scope = rootScope(state);
      return { results: { logits: head.call(scope.child('head'), model.vision.call(scope.child('vision'), image!).global) } };
    }),
  );
  return {
    async score(state, loader) {
      const scores = classes.map(() => new Float64Array(loader.studies.length));
      for await (const { arrays, studies } of loader.batches()) {
        const { logits } = await program.run({ image: await throughFrozen(model.vision, arrays.image) }, state);
        studies.forEach((study, row) => scores.forEach((own, column) => (own[study] = logits!.data[row * classes.length + column]!)));
      }
      return Object.fromEntries(classes.map((name, column) => [name, scores[column]!]));
    },
  };
}
