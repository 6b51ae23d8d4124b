// Losses over a whole split in evaluation mode, in nats per study.
import type { LossName } from '@hybridmed/model';
import type { FrozenStep } from '@hybridmed/model/graphs';
import { pick } from '@hybridmed/model/graphs';
import { lossRows } from '@hybridmed/model/objective';
import type { DeviceState, HostArray, HostArrays, Program } from '@hybridmed/tensor';
import type { LossValues } from '../contracts/metrics.ts';
import { lossValues } from '../contracts/metrics.ts';
import type { StudySource } from '../contracts/study-source.ts';

/** Number of ones in a mask. */
export function maskCount(mask: HostArray['data']): number {
  let count = 0;
  for (const value of mask) count += value;
  return count;
}

/** What gives the losses of a batch by name, and the fields of the batch that it reads. */
export interface BatchLosses {
  readonly fields: readonly string[];
  run(batch: HostArrays): Promise<HostArrays>;
}

/** Losses of a whole split. */
export interface SplitLosses {
  readonly losses: LossValues;
  readonly tokensPerStudy: number;
}

/** A compiled validation graph, the state it reads, and the step before it. */
export interface Validator {
  readonly program: Program;
  readonly state: DeviceState;
  readonly frozen: FrozenStep;
  /** Once aborted, no further batch is computed: its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** `evaluateSplit` with a compiled validation graph. */
export function validate({ program, state, frozen, signal }: Validator, source: StudySource): Promise<SplitLosses> {
  const run = async (batch: HostArrays) => {
    signal?.throwIfAborted();
    return program.run(await frozen.apply(batch), state);
  };
  return evaluateSplit({ fields: Object.keys(program.graph.data), run }, source);
}

/**
 * Mean losses per study, and its mean number of target tokens. Losses over tokens are summed over a study's tokens; the others are means
 * over the split's batches, by their numbers of studies. The source gives the split in order.
 */
export async function evaluateSplit({ fields, run }: BatchLosses, source: StudySource): Promise<SplitLosses> {
  const totals: Partial<Record<LossName, number>> = {};
  let [studies, allTokens] = [0, 0];
  for await (const batch of fields.includes('image') ? source.batches() : source.textBatches()) {
    const { arrays, studies: indices } = batch;
    const results = await run(pick<HostArray, string>(arrays, fields));
    const tokens = maskCount(arrays.target_mask.data);
    if ('image' in arrays) source.recycle({ arrays, studies: indices });
    studies += indices.length;
    allTokens += tokens;
    for (const { key, unit } of lossRows) {
      const value = results[key]?.data[0];
      if (value !== undefined) totals[key] = (totals[key] ?? 0) + value * (unit === 'token' ? tokens : indices.length);
    }
  }
  const means = Object.fromEntries(Object.entries(totals).map(([key, total]) => [key, total / studies]));
  return { losses: lossValues(means), tokensPerStudy: allTokens / studies };
}
