// The contract over MPI: every collective meets first, then moves its data in one call.
import type { Communicator } from '../communicator.ts';
import { checkRoot } from '../communicator.ts';
import type { Abi } from './abis.ts';
import type { MpiCalls } from './calls.ts';
import { afterwards } from './calls.ts';
import type { Collective, Rendezvous } from './rendezvous.ts';

/** What a communicator is made of. */
export interface MpiParts {
  readonly calls: MpiCalls;
  readonly rank: number;
  readonly size: number;
  readonly abi: Abi;
  readonly library: string;
  /** Undefined for a single rank. */
  readonly rendezvous: Rendezvous | undefined;
  readonly abort: Communicator['abort'];
}

/** MPI counts elements in 32 bits: longer arrays go in parts. */
const mostElements = 2 ** 30;

/** The collectives of MPI's world. `node` is left to the caller, who finds it by a gather. */
export function mpiCommunicator({ calls, rank, size, abi, library, rendezvous, abort }: MpiParts): Communicator {
  const { world, float, double, int, byte, sum } = calls.handles;
  let turn: Promise<unknown> = Promise.resolve();
  /** Runs a collective after those that were called before it. */
  const collective = (name: Collective['name'], length: number, root: number, move: () => Promise<void>): Promise<void> => {
    const result = afterwards(turn, async () => {
      await rendezvous?.meet({ name, length, root });
      await (rendezvous ? rendezvous.watch(move()) : move());
    });
    turn = result.catch(() => undefined);
    return result;
  };
  /** Calls `move` for each part of an array. */
  const inParts = async <T extends { subarray(from: number, to: number): T; readonly length: number }>(data: T, move: (part: T) => Promise<void>) => {
    for (let from = 0; from < data.length; from += mostElements) await move(data.subarray(from, Math.min(data.length, from + mostElements)));
  };
  return {
    rank,
    size,
    node: { rank: 0, size: 1 },
    info: { library },
    allReduce(data) {
      const type = data instanceof Float64Array ? double : float;
      return collective('allReduce', data.length, 0, () =>
        inParts<typeof data>(data, (part) => calls.call('MPI_Allreduce', abi.inPlace, part, part.length, type, sum, world)),
      );
    },
    async allGather(own) {
      const all = own instanceof Int32Array ? new Int32Array(own.length * size) : new Float32Array(own.length * size);
      all.set(own, rank * own.length);
      const type = own instanceof Int32Array ? int : float;
      await collective('allGather', own.length, 0, async () => {
        if (own.length > 0) await calls.call('MPI_Allgather', abi.inPlace, 0, type, all, own.length, type, world);
      });
      return all as typeof own;
    },
    async broadcast(data, root = 0) {
      checkRoot(root, size);
      await collective('broadcast', data.length, root, () => inParts(data, (part) => calls.call('MPI_Bcast', part, part.length, byte, root, world)));
    },
    barrier: () => collective('barrier', 0, 0, () => Promise.resolve()),
    abort,
    close: () =>
      collective('close', 0, 0, async () => {
        await rendezvous?.close();
        await calls.call('MPI_Finalize');
      }),
  };
}
