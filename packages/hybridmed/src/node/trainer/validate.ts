// Losses over a whole split in evaluation mode, in nats per study.
import type { Loader } from '@hybridmed/data';
import type { DeviceState, HostArray, HostArrays, Program } from '@hybridmed/tensor';
import { pick } from '../../stages/batch.ts';
import type { LossName } from '../../model/config.ts';
import { lossNames } from '../../model/config.ts';
import type { LossValues } from './metrics-log.ts';

/** Number of ones in a mask. */
export function maskCount(mask: HostArray['data']): number {
  let count = 0;
  for (const value of mask) count += value;
  return count;
}

/** What gives the losses of a batch by name, and the fields of the batch that it reads. */
export interface Judge {
  readonly fields: readonly string[];
  run(batch: HostArrays): Promise<HostArrays>;
}

/** Losses of a whole split. */
export interface SplitLosses {
  readonly losses: LossValues;
  readonly tokensPerStudy: number;
}

/** `judgeSplit` with a compiled validation graph. */
export function validate(program: Program, state: DeviceState, loader: Loader): Promise<SplitLosses> {
  return judgeSplit({ fields: Object.keys(program.graph.data), run: (batch) => program.run(batch, state) }, loader);
}

/**
 * Mean losses per study, and its mean number of target tokens. The sum of token losses of a study for sum, cap and dis; cg and cl are
 * means over the split's batches. The loader gives the split in order.
 */
export async function judgeSplit({ fields, run }: Judge, loader: Loader): Promise<SplitLosses> {
  const totals: Partial<Record<LossName, number>> = {};
  let [studies, allTokens] = [0, 0];
  for await (const loaded of loader.batches()) {
    const { arrays, studies: indices } = loaded;
    const results = await run(pick(arrays, fields));
    loader.recycle(loaded);
    const tokens = maskCount(arrays.target_mask.data);
    studies += indices.length;
    allTokens += tokens;
    for (const name of lossNames) {
      const value = results[name]?.data[0];
      if (value !== undefined) totals[name] = (totals[name] ?? 0) + value * (name === 'cg' || name === 'cl' ? indices.length : tokens);
    }
  }
  const mean = (name: LossName) => (totals[name] === undefined ? null : totals[name] / studies);
  return {
    losses: { cg: mean('cg'), cl: mean('cl'), sum: mean('sum'), cap: mean('cap'), dis: mean('dis'), total: null },
    tokensPerStudy: allTokens / studies,
  };
}
