// Losses study by study, which intervals over studies and the choice of failure cases need.
import type { Loader } from '@hybridmed/data';
import { tokenNats } from '@hybridmed/decoder';
import type { Model } from '@hybridmed/model';
import type { BatchTensors } from '@hybridmed/model/graphs';
import { batchSpecs, partSpecs, pick } from '@hybridmed/model/graphs';
import { summarize } from '@hybridmed/model/objective';
import type { TracedModel } from '@hybridmed/model/session';
import { rootScope } from '@hybridmed/nn';
import type { Graph, HostArrays, Tensor } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';

/** Nats of each study's impression, summed over its target tokens, and the number of those tokens. */
export interface StudyLosses {
  readonly nats: readonly number[];
  readonly tokens: readonly number[];
}

const fields = ['findings', 'findings_mask', 'input', 'target', 'target_mask'] as const;

/** The loss of the findings branch by study: results `nats` and `tokens`, (B) each. */
function findingsLossGraph(model: Model): Graph {
  return trace({ data: pick(batchSpecs(model), fields), state: partSpecs(model, ['text.', 'decoder.']) }, (data, parameters) => {
    const batch = data as BatchTensors;
    return { results: sumByStudy(tokenNats(summarize(model, rootScope(parameters), batch), batch.target), batch.target_mask) };
  });
}

/** Nats and number of target tokens of each study (B), from each token's loss and the mask (B, T). */
export function sumByStudy(nats: Tensor, mask: Tensor): { nats: Tensor; tokens: Tensor } {
  return { nats: ops.sum(ops.mul(nats, mask), { axes: [1] }), tokens: ops.sum(mask, { axes: [1] }) };
}

/** Each study's loss of the findings branch of a traced model, in the loader's order. */
export async function findingsLosses({ device, checkpoint, state }: TracedModel, loader: Loader): Promise<StudyLosses> {
  const program = await device.compile(findingsLossGraph(checkpoint.model));
  const losses = await collectFindingsLosses((batch) => program.run(batch, state()), loader);
  program.release?.();
  return losses;
}

/** Each study's loss of the findings branch, in the loader's order, from what gives `nats` and `tokens` of a batch. */
export async function collectFindingsLosses(run: (batch: HostArrays) => Promise<HostArrays>, loader: Loader): Promise<StudyLosses> {
  const [nats, tokens]: [number[], number[]] = [[], []];
  for (const { arrays } of loader.texts(32)) {
    const results = await run(pick(arrays, fields));
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
