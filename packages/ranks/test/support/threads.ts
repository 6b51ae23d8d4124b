// Ranks of one process, for tests that need no MPI: each is a chain of promises, and collectives meet in memory.
import type { Communicator } from '@hybridmed/ranks';

type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array;

/** A collective that some ranks have come to. */
interface Meeting {
  readonly name: string;
  readonly arrays: Numbers[];
  readonly go: ((whole: Numbers) => void)[];
}

/** `size` communicators that reach one another. A call that differs from the others' throws. */
export function threads(size: number): Communicator[] {
  let meeting: Meeting | undefined;
  /** Fulfilled with what `act` makes of all arrays, once every rank has come. */
  const meet = <T extends Numbers>(name: string, rank: number, own: T, act: (arrays: T[]) => T): Promise<T> =>
    new Promise((resolve, reject) => {
      meeting ??= { name, arrays: [], go: [] };
      if (meeting.name !== name) return reject(new Error(`rank ${rank} is at ${name}, others at ${meeting.name}`));
      meeting.arrays[rank] = own;
      meeting.go.push(resolve as (whole: Numbers) => void);
      if (meeting.go.length < size) return;
      const { arrays, go } = meeting;
      meeting = undefined;
      const whole = act(arrays as T[]);
      for (const one of go) one(whole);
    });
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    node: { rank, size },
    info: { library: 'promises' },
    async allReduce(data) {
      const type = data.constructor as Float64ArrayConstructor;
      data.set(await meet('allReduce', rank, data, (all) => type.from(data, (_value, i) => all.reduce((total, one) => total + one[i]!, 0)) as typeof data));
    },
    async allGather(own) {
      const type = own.constructor as Float32ArrayConstructor;
      return (await meet('allGather', rank, own, (all) => type.from(all.flatMap((one) => [...one])) as typeof own)).slice() as typeof own;
    },
    async broadcast(data, root = 0) {
      data.set(await meet(`broadcast of ${data.length} from ${root}`, rank, data, (all) => all[root]!.slice()));
    },
    async barrier() {
      await meet('barrier', rank, new Uint8Array(0), () => new Uint8Array(0));
    },
    abort(line) {
      throw new Error(line);
    },
    close: () => Promise.resolve(),
  }));
}
