// Losses over a whole split in evaluation mode, in nats per study.
import type { Loader } from '@hybridmed/data';
import type { DeviceState, HostArray, HostArrays, Program } from '@hybridmed/tensor';
import type { LossName } from '../model/config.ts';
import { lossNames } from '../model/config.ts';
import type { LossValues } from './metrics-log.ts';

/** Number of ones in a mask. */
export function maskCount(mask: HostArray['data']): number {
  let count = 0;
  for (const value of mask) count += value;
  return count;
}

/**
 * Mean losses per study, and its mean number of target tokens. The sum of token losses of a study for sum, cap and dis; cg and cl are means over the split's batches.
 * `program` is a compiled validation graph; the loader gives the split in order.
 */
export async function validate(program: Program, state: DeviceState, loader: Loader): Promise<{ losses: LossValues; tokensPerStudy: number }> {
  const totals: Partial<Record<LossName, number>> = {};
  let [studies, allTokens] = [0, 0];
  for await (const loaded of loader.batches()) {
    const { arrays, studies: indices } = loaded;
    const batch = Object.fromEntries(Object.keys(program.graph.data).map((field) => [field, arrays[field]!])) as HostArrays;
    const results = await program.run(batch, state);
    loader.recycle(loaded);
    const tokens = maskCount(arrays.target_mask!.data);
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
