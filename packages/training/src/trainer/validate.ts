// Losses over a whole split in evaluation mode, in nats per study.
import { pick } from '@hybridmed/model/graphs';
import { lossRows } from '@hybridmed/model/objective';
import type { Communicator } from '@hybridmed/ranks';
import { alone } from '@hybridmed/ranks';
import type { DeviceState, HostArray, HostArrays, Program } from '@hybridmed/tensor';
import type { LossValues } from '../contracts/metrics.ts';
import { lossValues } from '../contracts/metrics.ts';
import type { StudySource } from '../contracts/study-source.ts';
import type { FrontStep, ImageBatch } from '../frozen/front-step.ts';

/** Number of ones in a mask. */
export function maskCount(mask: HostArray['data']): number {
  let count = 0;
  for (const value of mask) count += value;
  return count;
}

/** Whether some fields of a batch are made of texts. */
export const readsTexts = (fields: readonly string[]): boolean => fields.some((field) => !['image', 'labels', 'labels_mask'].includes(field));

/** What gives the losses of a batch by name, and the fields of the batch that it reads. */
export interface BatchLosses {
  readonly fields: readonly string[];
  /** Asked for each image before it is read. */
  readonly known?: FrontStep['known'];
  run(arrays: HostArrays, batch: ImageBatch): Promise<HostArrays>;
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
  readonly frozen: FrontStep;
  /** Once aborted, no further batch is computed: its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** Processes that share the split; `alone` by default. */
  readonly ranks?: Communicator | undefined;
}

/** The losses of a batch by a compiled validation graph. */
export const batchLosses = ({ program, state, frozen, signal }: Omit<Validator, 'ranks'>): BatchLosses => ({
  fields: Object.keys(program.graph.data),
  known: frozen.known,
  async run(arrays, batch) {
    signal?.throwIfAborted();
    return program.run(await frozen.apply(arrays, batch), state);
  },
});

/** `evaluateSplit` with a compiled validation graph. */
export const validate = (validator: Validator, source: StudySource): Promise<SplitLosses> => evaluateSplit(batchLosses(validator), source, validator.ranks);

// A batch's row of totals: studies, tokens, each loss times the studies or tokens that it is a mean of, and whether each loss is there.
const rowWidth = 2 + 2 * lossRows.length;

/** Totals of a source's batches: of each studies, tokens and losses, a row that `lossesOfTotals` reads. */
export async function splitTotals({ fields, known, run }: BatchLosses, source: StudySource): Promise<number[][]> {
  const totals: number[][] = [];
  for await (const batch of fields.includes('image') ? source.batches({ texts: readsTexts(fields), known }) : source.textBatches()) {
    const { arrays, studies } = batch;
    const results = await run(pick<HostArray, string>(arrays, fields), batch);
    const tokens = arrays.target_mask ? maskCount(arrays.target_mask.data) : 0;
    if ('image' in arrays) source.recycle({ arrays, studies });
    const losses = lossRows.map(({ key, unit }) => (results[key]?.data[0] ?? 0) * (unit === 'token' ? tokens : studies.length));
    totals.push([studies.length, tokens, ...losses, ...lossRows.map(({ key }) => (results[key] ? 1 : 0))]);
  }
  return totals;
}

/** Batches of all ranks in the split's order: rank r of n has the batches r, r + n, ... */
async function totalsOfRanks(own: readonly number[][], ranks: Communicator): Promise<readonly number[][]> {
  if (ranks.size === 1) return own;
  const counts = await ranks.allGather(Int32Array.of(own.length));
  const all = new Float64Array(counts.reduce((sum, count) => sum + count, 0) * rowWidth);
  own.forEach((row, i) => all.set(row, (ranks.rank + i * ranks.size) * rowWidth));
  await ranks.allReduce(all);
  return Array.from({ length: all.length / rowWidth }, (_, batch) => [...all.subarray(batch * rowWidth, (batch + 1) * rowWidth)]);
}

/**
 * Mean losses per study, and its mean number of target tokens. Losses over tokens are summed over a study's tokens; the others are means
 * over the split's batches, by their numbers of studies. The source gives the split in order, or, where ranks share it, this rank's batches.
 */
export async function evaluateSplit(losses: BatchLosses, source: StudySource, ranks: Communicator = alone): Promise<SplitLosses> {
  return lossesOfTotals(await totalsOfRanks(await splitTotals(losses, source), ranks));
}

/** Means from the totals of all batches, in the split's order. Throws a RangeError for rows that are no totals. */
export function lossesOfTotals(totals: readonly (readonly number[])[]): SplitLosses {
  if (totals.some((row) => row.length !== rowWidth)) throw new RangeError(`totals of a batch are ${rowWidth} numbers`);
  const sums = Array.from({ length: rowWidth }, (_, i) => totals.reduce((sum, row) => sum + row[i]!, 0));
  const [studies, tokens] = sums as [number, number];
  const used = lossRows.flatMap(({ key }, i) => (sums[i + 2 + lossRows.length]! > 0 ? [[key, sums[i + 2]! / studies] as const] : []));
  return { losses: lossValues(Object.fromEntries(used)), tokensPerStudy: tokens / studies };
}
