// The store of a run over ranks: rank 0 keeps it, and what is read from it reaches the others through the ranks, so that they need no disk in common.
import type { Communicator } from '@hybridmed/ranks';
import { broadcastText } from '@hybridmed/ranks';
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import { dtypeOf, sizeOf } from '@hybridmed/tensor';
import type { ResumePoint, RunStore } from '../contracts/run-store.ts';

/** Rank 0's value, as JSON gives it, on every rank. Undefined stays undefined. */
async function sharedValue<T>(ranks: Communicator, own: T | undefined): Promise<T | undefined> {
  const text = await broadcastText(ranks, own === undefined ? '' : JSON.stringify(own));
  return text === '' ? undefined : (JSON.parse(text) as T);
}

const bytesOf = ({ data }: HostArray): Uint8Array => new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);

/** Rank 0's arrays, on every rank. */
async function sharedArrays(ranks: Communicator, own: HostArrays | undefined): Promise<Record<string, HostArray>> {
  const specs = await sharedValue(ranks, own && Object.entries(own).map(([name, array]) => ({ name, shape: array.shape, dtype: dtypeOf(array) })));
  const arrays: Record<string, HostArray> = {};
  for (const { name, shape, dtype } of specs!) {
    const array = own?.[name] ?? { data: dtype === 'i32' ? new Int32Array(sizeOf(shape)) : new Float32Array(sizeOf(shape)), shape };
    await ranks.broadcast(bytesOf(array));
    arrays[name] = array;
  }
  return arrays;
}

/** A store for every rank of a run; `store` is rank 0's, and undefined on the others. */
export function sharedStore(ranks: Communicator, store: RunStore | undefined): RunStore {
  if (ranks.size === 1) return store!;
  let lines = 0;
  return {
    async best(stage) {
      const own = await store?.best(stage);
      const file = await sharedValue(ranks, own?.file);
      return file === undefined ? undefined : { file, parameters: await sharedArrays(ranks, own?.parameters) };
    },
    async resumePoint(stage) {
      const own = await store?.resumePoint(stage);
      const rest = await sharedValue<Pick<ResumePoint, 'trainer' | 'tuning'>>(ranks, own && { trainer: own.trainer, tuning: own.tuning });
      if (!rest) return undefined;
      return { ...rest, parameters: await sharedArrays(ranks, own?.parameters), optimizer: await sharedArrays(ranks, own?.optimizer) };
    },
    async linesBefore(stage) {
      return (await sharedValue(ranks, await store?.linesBefore(stage)))!;
    },
    async begin(start) {
      lines = start.metricsLines;
      await store?.begin(start);
    },
    noteSkipped: (study) => store?.noteSkipped(study),
    append: (line) => (store ? store.append(line) : ++lines),
    save: async (stage, kind, snapshot) => store?.save(stage, kind, snapshot),
    confirmLast: async (stage) => store?.confirmLast(stage),
    rejectLast: async (stage) => store?.rejectLast(stage),
  };
}
