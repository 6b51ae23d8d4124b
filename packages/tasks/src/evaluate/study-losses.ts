// Losses study by study, which intervals over studies and the choice of failure cases need.
import type { TextBatch } from '@hybridmed/data';
import type { TextHead } from '@hybridmed/decoder';
import { tokenNats } from '@hybridmed/decoder';
import type { Branch, Model } from '@hybridmed/model';
import type { BatchTensors } from '@hybridmed/model/graphs';
import { batchSpecs, partSpecs, pick } from '@hybridmed/model/graphs';
import { summarize } from '@hybridmed/model/objective';
import type { TracedModel } from '@hybridmed/model/session';
import type { Scope } from '@hybridmed/nn';
import { rootScope } from '@hybridmed/nn';
import type { Graph, HostArrays, Tensor } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';

/** Nats of each study's impression, summed over its target tokens, and the number of those tokens. */
export interface StudyLosses {
  readonly nats: readonly number[];
  readonly tokens: readonly number[];
}

const decoderFields = ['input', 'target', 'target_mask'] as const;
const fields = ['findings', 'findings_mask', ...decoderFields] as const;

/** What a branch makes of a batch without images: its final states with the output layer. */
function headOf(model: Model, branch: Branch, scope: Scope, batch: BatchTensors): TextHead {
  if (branch === 'findings') return summarize(model, scope, batch);
  const decoder = scope.child('decoder');
  return model.decoder.head(decoder, model.decoder.hidden(decoder, branch, batch.input, undefined));
}

/** The loss of a branch that reads no image, by study: results `nats` and `tokens`, (B) each. */
function branchLossGraph(model: Model, branch: Branch): Graph {
  const read = branch === 'findings' ? fields : decoderFields;
  return trace({ data: pick(batchSpecs(model), read), state: partSpecs(model, ['text.', 'decoder.']) }, (data, parameters) => {
    const batch = data as BatchTensors;
    return { results: sumByStudy(tokenNats(headOf(model, branch, rootScope(parameters), batch), batch.target), batch.target_mask) };
  });
}

/** Nats and number of target tokens of each study (B), from each token's loss and the mask (B, T). */
export function sumByStudy(nats: Tensor, mask: Tensor): { nats: Tensor; tokens: Tensor } {
  return { nats: ops.sum(ops.mul(nats, mask), { axes: [1] }), tokens: ops.sum(mask, { axes: [1] }) };
}

/** Each study's loss of a branch of a traced model that reads no image, in the batches' order. */
export async function branchLosses({ device, checkpoint, state }: TracedModel, branch: Branch, batches: Iterable<TextBatch>): Promise<StudyLosses> {
  const program = await device.compile(branchLossGraph(checkpoint.model, branch));
  const losses = await collectLosses((batch) => program.run(pick(batch, Object.keys(program.graph.data)), state()), batches);
  program.release?.();
  return losses;
}

/** Each study's loss, in the batches' order, from what gives `nats` and `tokens` of a batch without images. */
export async function collectLosses(run: (batch: HostArrays) => Promise<HostArrays>, batches: Iterable<TextBatch>): Promise<StudyLosses> {
  const [nats, tokens]: [number[], number[]] = [[], []];
  for (const { arrays } of batches) {
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
