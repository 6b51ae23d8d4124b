// Losses of every study by itself, which intervals over studies and the choice of failure cases need.
import type { Loader } from '@hybridmed/data';
import { rootScope } from '@hybridmed/nn';
import type { Device, DeviceState, Graph, HostArray, Tensor } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';
import type { Branch, Model } from '../model/model.ts';
import type { BatchTensors } from '../stages/batch.ts';
import { batchSpecs, pick } from '../stages/batch.ts';
import { summarize } from '../stages/losses.ts';

/** Nats of each study's impression, summed over its target tokens, and the number of those tokens. */
export interface StudyLosses {
  readonly nats: readonly number[];
  readonly tokens: readonly number[];
}

const fields = {
  image: ['image', 'input', 'target', 'target_mask'],
  findings: ['findings', 'findings_mask', 'input', 'target', 'target_mask'],
} as const;

/** The loss of one branch by study: results `nats` and `tokens`, (B) each. */
function studyLossGraph(model: Model, branch: Branch): Graph {
  const state = Object.fromEntries(Object.entries(model.parameters).map(([name, { shape }]) => [name, { shape, dtype: 'f32' as const }]));
  const logitsOf = (parameters: Readonly<Record<string, Tensor>>, batch: BatchTensors): Tensor => {
    const scope = rootScope(parameters);
    if (branch === 'findings') return summarize(model, scope, batch).logits;
    const decoder = scope.child('decoder');
    return model.decoder.logits(decoder, model.decoder.hidden(decoder, 'image', batch.input, model.vision.call(scope.child('vision'), batch.image).tokens));
  };
  return trace({ data: pick(batchSpecs(model), fields[branch]), state }, (data, parameters) => {
    const batch = data as BatchTensors;
    const rows = ops.mul(ops.crossEntropy(logitsOf(parameters, batch), batch.target), batch.target_mask);
    return { results: { nats: ops.sum(rows, { axes: [1] }), tokens: ops.sum(batch.target_mask, { axes: [1] }) } };
  });
}

/** Each study's loss as a branch of the model sees it, in the loader's order. */
export async function studyLosses(device: Device, state: DeviceState, model: Model, branch: Branch, loader: Loader): Promise<StudyLosses> {
  const program = await device.compile(studyLossGraph(model, branch));
  const [nats, tokens]: [number[], number[]] = [[], []];
  const batches = branch === 'image' ? loader.batches() : loader.texts(32);
  for await (const { arrays } of batches) {
    const results = await program.run(pick(arrays as Readonly<Record<string, HostArray>>, fields[branch]), state);
    nats.push(...results.nats!.data);
    tokens.push(...results.tokens!.data);
  }
  program.release?.();
  return { nats, tokens };
}

/** Mean nats per token over chosen studies. */
export function perToken({ nats, tokens }: StudyLosses, indices: Iterable<number>): number {
  let [sum, count] = [0, 0];
  for (const i of indices) {
    sum += nats[i]!;
    count += tokens[i]!;
  }
  return sum / count;
}
