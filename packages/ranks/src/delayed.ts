// A slow network over a fast one: collectives that take as long as a model of the network says, for tests and estimates.
import type { Communicator } from './communicator.ts';

/** A network between ranks: time to deliver nothing, and bytes that each rank sends in a second. */
export interface Network {
  readonly latencyMs: number;
  readonly bytesPerSecond: number;
}

/**
 * Milliseconds of a collective of `size` ranks with `bytes` on each. `allReduce`: a ring, 2 (n - 1) messages of 1/n of the bytes
 * [Patarasu and Yuan 2009]; `allGather`: a ring, n - 1 messages of a rank's bytes; `broadcast` and `barrier`: a binary tree.
 */
export function collectiveMs(collective: 'allReduce' | 'allGather' | 'broadcast' | 'barrier', bytes: number, size: number, network: Network): number {
  const message = (length: number): number => network.latencyMs + (length / network.bytesPerSecond) * 1000;
  const levels = Math.ceil(Math.log2(size));
  switch (collective) {
    case 'allReduce':
      return 2 * (size - 1) * message(bytes / size);
    case 'allGather':
      return (size - 1) * message(bytes);
    case 'broadcast':
      return levels * message(bytes);
    case 'barrier':
      return levels * message(0);
  }
}

/** The same ranks, whose collectives take longer by what `network` needs for them. */
export function delayed(ranks: Communicator, network: Network): Communicator {
  const { size } = ranks;
  const wait = (collective: Parameters<typeof collectiveMs>[0], bytes: number): Promise<void> => {
    const milliseconds = collectiveMs(collective, bytes, size, network);
    return milliseconds > 0 ? new Promise((resolve) => setTimeout(resolve, milliseconds)) : Promise.resolve();
  };
  return {
    rank: ranks.rank,
    size,
    node: ranks.node,
    info: { library: `${ranks.info.library}, delayed by ${network.latencyMs} ms and ${network.bytesPerSecond} bytes/s` },
    async allReduce(data) {
      await ranks.allReduce(data);
      await wait('allReduce', data.byteLength);
    },
    async allGather(own) {
      const all = await ranks.allGather(own);
      await wait('allGather', own.byteLength);
      return all;
    },
    async broadcast(data, root) {
      await ranks.broadcast(data, root);
      await wait('broadcast', data.byteLength);
    },
    async barrier() {
      await ranks.barrier();
      await wait('barrier', 0);
    },
    abort: (line, code) => ranks.abort(line, code),
    close: () => ranks.close(),
  };
}
