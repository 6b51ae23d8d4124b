// The contract between a program and the processes that work on it together; who connects them is left to implementations.

/** Thrown by ranks on purpose: one line that names the rank, what is wrong and the fix. */
export class RanksError extends Error {
  override readonly name = 'RanksError';
}

/**
 * Processes ("ranks") that work together. Methods are collective: every rank calls the same ones in the same order, and arrays must
 * not be touched until the promise is fulfilled. The event loop turns meanwhile.
 */
export interface Communicator {
  /** This process's number, from 0. */
  readonly rank: number;
  /** Number of processes. */
  readonly size: number;
  /** This process's number among those of its machine, and how many they are. */
  readonly node: { readonly rank: number; readonly size: number };
  /** What connects them, as it names itself: `Open MPI 4.1.4`, `alone`. */
  readonly info: { readonly library: string };
  /** Sums arrays of equal length over all ranks, in place. All ranks get the same bits. */
  allReduce(data: Float32Array | Float64Array): Promise<void>;
  /** Arrays of all ranks one after another, (size x length of one); lengths are equal. */
  allGather<T extends Float32Array | Int32Array>(own: T): Promise<T>;
  /** Overwrites the bytes of all ranks by those of rank `root` (0 by default); lengths are equal. */
  broadcast(data: Uint8Array, root?: number): Promise<void>;
  /** Fulfilled once every rank has called it. */
  barrier(): Promise<void>;
  /** Ends all ranks with one line on the standard error stream of this one. `alone` throws the line as a RanksError. */
  abort(line: string, code?: number): never;
  /** The last call of a rank that succeeded; a rank that failed ends without it. */
  close(): Promise<void>;
}

/** Throws a RanksError where `root` is no rank. */
export function checkRoot(root: number, size: number): void {
  if (!Number.isInteger(root) || root < 0 || root >= size) throw new RanksError(`rank ${root} is none of the ${size}; give 0 to ${size - 1}`);
}
