// Losses study by study, which intervals over studies and the choice of failure cases need.
import type { Loader } from '@hybridmed/data';
import type { Branch, Model } from '@hybridmed/model';
import type { BatchTensors } from '@hybridmed/model/graphs';
import { batchSpecs, floatSpecs, frozenStep, pick } from '@hybridmed/model/graphs';
import { summarize } from '@hybridmed/model/objective';
import { rootScope } from '@hybridmed/nn';
import type { Device, DeviceState, Graph, HostArrays, Tensor, VocabularyHead } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';

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
  const headOf = (parameters: Readonly<Record<string, Tensor>>, batch: BatchTensors): VocabularyHead => {
    const scope = rootScope(parameters);
    if (branch === 'findings') return summarize(model, scope, batch);
    const decoder = scope.child('decoder');
    return model.decoder.head(decoder, model.decoder.hidden(decoder, 'image', batch.input, model.vision.call(scope.child('vision'), batch.image).tokens));
  };
  return trace({ data: pick(batchSpecs(model), fields[branch]), state: floatSpecs(model.parameters) }, (data, parameters) => {
    const batch = data as BatchTensors;
    const { crossEntropy } = ops.vocabularyLoss({ ...headOf(parameters, batch), target: batch.target });
    return { results: sumByStudy(crossEntropy, batch.target_mask) };
  });
}

/** Nats and number of target tokens of each study (B), from each token's loss and the mask (B, T). */
export function sumByStudy(nats: Tensor, mask: Tensor): { nats: Tensor; tokens: Tensor } {
  return { nats: ops.sum(ops.mul(nats, mask), { axes: [1] }), tokens: ops.sum(mask, { axes: [1] }) };
}

/** Each study's loss of a branch of the model, in the loader's order. */
export async function studyLosses(device: Device, state: DeviceState, model: Model, branch: Branch, loader: Loader): Promise<StudyLosses> {
  const program = await device.compile(studyLossGraph(model, branch));
  const frozen = frozenStep(model.vision);
  const losses = await collectStudyLosses(async (batch) => program.run(await frozen.apply(batch), state), branch, loader);
  program.release?.();
  return losses;
}

/** Each study's loss, in the loader's order, from what gives `nats` and `tokens` of a batch. */
export async function collectStudyLosses(run: (batch: HostArrays) => Promise<HostArrays>, branch: Branch, loader: Loader): Promise<StudyLosses> {
  const [nats, tokens]: [number[], number[]] = [[], []];
  const batches = branch === 'image' ? loader.batches() : loader.texts(32);
  for await (const { arrays } of batches) {
    const results = await run(pick(arrays, fields[branch]));
    nats.push(...results.nats!.data);
    tokens.push(...results.tokens!.data);
  }
  return { nats, tokens };
}

/** Mean nats per token over some studies, by index. */
export function perToken({ nats, tokens }: StudyLosses, indices: Iterable<number>): number {
  let [sum, count] = [0, 0];
  for (const i of indices) {
    sum += nats[i]!;
    count += tokens[i]!;
  }
  return sum / count;
}
