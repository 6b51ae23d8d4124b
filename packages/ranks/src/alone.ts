// One process by itself: what programs get that no launcher started.
import type { Communicator } from './communicator.ts';
import { checkRoot, RanksError } from './communicator.ts';

/** The communicator of one process: sums and gathers are its own numbers. */
export const alone: Communicator = {
  rank: 0,
  size: 1,
  node: { rank: 0, size: 1 },
  info: { library: 'alone' },
  allReduce: () => Promise.resolve(),
  allGather: (own) => Promise.resolve(own.slice() as typeof own),
  async broadcast(_data, root = 0) {
    checkRoot(root, 1);
  },
  barrier: () => Promise.resolve(),
  abort(line) {
    throw new RanksError(line);
  },
  close: () => Promise.resolve(),
};
