// MPI's functions as promises: each call runs on another thread, so that the event loop turns, and none begins before the last has ended.
import { promisify } from 'node:util';
import { RanksError } from '../communicator.ts';
import type { HandleName } from './abis.ts';
import { handleNames } from './abis.ts';
import type { Library } from './library.ts';

const buffer = 'void *';

/** Parameters of the functions by name; `handle` stands for the library's type. All give an error code. */
const signatures = {
  MPI_Init_thread: [buffer, buffer, 'int', buffer],
  MPI_Comm_rank: ['handle', buffer],
  MPI_Comm_size: ['handle', buffer],
  MPI_Recv_init: [buffer, 'int', 'handle', 'int', 'int', 'handle', buffer],
  MPI_Send_init: [buffer, 'int', 'handle', 'int', 'int', 'handle', buffer],
  MPI_Startall: ['int', buffer],
  MPI_Ibarrier: ['handle', buffer],
  MPI_Request_free: [buffer],
  MPI_Testall: ['int', buffer, buffer, buffer],
  MPI_Allreduce: ['intptr_t', buffer, 'int', 'handle', 'handle', 'handle'],
  MPI_Allgather: ['intptr_t', 'int', 'handle', buffer, 'int', 'handle', 'handle'],
  MPI_Bcast: [buffer, 'int', 'handle', 'int', 'handle'],
  MPI_Finalize: [],
} as const;

type Name = keyof typeof signatures;
type Value = ArrayBufferView | number | bigint | null;

/** The functions, bound to a library. */
export interface MpiCalls {
  /** Runs a function after those called before it. Throws a RanksError for an error code. */
  call(name: Name, ...values: readonly Value[]): Promise<void>;
  /** Ends all processes at once, whatever else is running. */
  abort(code: number): void;
  readonly handles: Readonly<Record<HandleName, number | bigint>>;
}

/** Runs `work` once an earlier promise, which never rejects, is fulfilled. */
export async function afterwards(earlier: Promise<unknown>, work: () => Promise<void>): Promise<void> {
  await earlier;
  await work();
}

type Native = (...values: readonly Value[]) => Promise<number>;

/** Binds the functions of a library. */
export function bindCalls({ handle: library, abi, name: libraryName }: Library): MpiCalls {
  const typed = (parameters: readonly string[]): string[] => parameters.map((type) => (type === 'handle' ? abi.handle.type : type));
  const native = Object.fromEntries(
    Object.entries(signatures).map(([name, parameters]) => [name, promisify(library.func(name, 'int', typed(parameters)).async) as Native]),
  ) as Record<Name, Native>;
  const abort = library.func('MPI_Abort', 'int', typed(['handle', 'int'])) as (...values: readonly Value[]) => number;
  const handles = Object.fromEntries(
    handleNames.map((name) => {
      const value = abi.handles[name];
      return [name, typeof value === 'string' ? (library.symbol(value) as bigint) : value];
    }),
  ) as Record<HandleName, number | bigint>;
  let turn: Promise<unknown> = Promise.resolve();
  return {
    handles,
    call(name, ...values) {
      const result = afterwards(turn, async () => {
        const code = await native[name](...values);
        if (code !== 0) throw new RanksError(`${name} of ${libraryName} failed with code ${code}`);
      });
      turn = result.catch(() => undefined);
      return result;
    },
    abort: (code) => void abort(handles.world, code),
  };
}
