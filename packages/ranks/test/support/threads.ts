// Ranks of one process, for tests that need no MPI: each is a chain of promises, and collectives meet in memory.
import type { Communicator } from '@hybridmed/ranks';

type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array;

/** `size` communicators that reach one another. */
export function threads(size: number): Communicator[] {
  let waiting: { data: Numbers; go: () => void }[] = [];
  /** Fulfilled once every rank has come; the last one acts on all data first. */
  const meet = (rank: number, data: Numbers, act: (all: Numbers[]) => void): Promise<void> =>
    new Promise((go) => {
      waiting[rank] = { data, go };
      if (Object.keys(waiting).length < size) return;
      const all = waiting;
      waiting = [];
      act(all.map((one) => one.data));
      for (const one of all) one.go();
    });
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    node: { rank, size },
    info: { library: 'promises' },
    allReduce: (data) =>
      meet(rank, data, (all) => {
        const sum = all[0]!.map((_value, i) => all.reduce((total, one) => total + one[i]!, 0));
        for (const one of all) one.set(sum);
      }),
    async allGather(own) {
      const gathered = new (own.constructor as Float32ArrayConstructor)(own.length * size) as typeof own;
      await meet(rank, own, (all) => {
        const whole = all.flatMap((one) => [...one]);
        results.push(...all.map(() => whole));
      });
      gathered.set(results.pop()!);
      return gathered;
    },
    broadcast: (data, root = 0) =>
      meet(rank, data, (all) => {
        for (const one of all) one.set(all[root]!);
      }),
    barrier: () => meet(rank, new Uint8Array(0), () => undefined),
    abort(line) {
      throw new Error(line);
    },
    close: () => Promise.resolve(),
  }));
}

/** What gathers gave and ranks have not fetched yet: equal for all. */
const results: number[][] = [];
