// What the ranks of a run share in one step: equal lengths of texts, rows of all studies, counts, losses and gradients. A step's passes are
// lanes: rank r of n computes the passes r, r + n, ..., and everything below is in the order of the passes, whoever computed them.
import { sliceRows } from '@hybridmed/model/host-arrays';
import type { Communicator } from '@hybridmed/ranks';
import type { DeviceState, Graph, HostArray, HostArrays } from '@hybridmed/tensor';
import { HybridmedError, sizeOf } from '@hybridmed/tensor';

/** Throws one line where ranks cannot share the passes of a step evenly. */
export function checkPasses(passes: number, { size }: Communicator): void {
  if (passes % size === 0) return;
  const fits = Array.from({ length: passes }, (_, i) => i + 1).filter((number) => passes % number === 0);
  throw new HybridmedError(
    `${size} ranks cannot share the ${passes} ${passes === 1 ? 'pass' : 'passes'} of a step; start ${fits.join(', ')} of them, or give --accumulate a multiple of ${size}`,
  );
}

/** The collectives of a step. With one rank they give their arguments back. */
export class SharedStep {
  readonly #ranks: Communicator;
  readonly #ownPasses: number;

  constructor(ranks: Communicator, passes: number) {
    checkPasses(passes, ranks);
    this.#ranks = ranks;
    this.#ownPasses = passes / ranks.size;
  }

  /** Passes of this rank. */
  get passes(): number {
    return this.#ownPasses;
  }

  /** The number in the whole step of this rank's pass `own`. */
  passOf(own: number): number {
    return this.#ranks.rank + own * this.#ranks.size;
  }

  /** Pads texts to the longest of all ranks, whose passes are then of the same shapes, and of the same bits, as those of one process. `graphs` say which axes are lengths; ids are filled with `pad`. */
  async padded(batch: HostArrays, graphs: readonly Graph[], pad: number): Promise<HostArrays> {
    if (this.#ranks.size === 1) return batch;
    const symbols = new Map<string, string>();
    for (const { data } of graphs)
      for (const [name, { shape }] of Object.entries(data)) if (batch[name] && typeof shape[1] === 'string') symbols.set(name, shape[1]);
    const names = [...new Set(symbols.values())].toSorted();
    const own = Int32Array.from(names, (symbol) => batch[[...symbols].find(([, other]) => other === symbol)![0]]!.shape[1]!);
    const all = await this.#ranks.allGather(own);
    const longest = new Map(
      names.map((symbol, i) => [symbol, Math.max(...Array.from({ length: this.#ranks.size }, (_, rank) => all[rank * names.length + i]!))]),
    );
    return Object.fromEntries(
      Object.entries(batch).map(([name, array]) => [name, symbols.has(name) ? lengthened(array, longest.get(symbols.get(name)!)!, pad) : array]),
    );
  }

  /** Rows of all passes (all studies, ...) of each rank's own ones, of equal numbers. */
  async rows(own: HostArray): Promise<HostArray> {
    const { size } = this.#ranks;
    if (size === 1) return own;
    const gathered = await this.#ranks.allGather(own.data as Float32Array | Int32Array);
    return { data: this.#inOrder(gathered), shape: [own.shape[0]! * size, ...own.shape.slice(1)] };
  }

  #inOrder<T extends Float32Array | Int32Array>(gathered: T): T {
    const { size } = this.#ranks;
    const block = gathered.length / (size * this.#ownPasses);
    const ordered = new (gathered.constructor as new (length: number) => T)(gathered.length);
    for (let pass = 0; pass < size * this.#ownPasses; pass++) {
      const from = ((pass % size) * this.#ownPasses + Math.floor(pass / size)) * block;
      ordered.set(gathered.subarray(from, from + block), pass * block);
    }
    return ordered;
  }

  /** Counts summed over all ranks. */
  async counts(own: readonly number[]): Promise<readonly number[]> {
    if (this.#ranks.size === 1) return own;
    const sums = Float64Array.from(own);
    await this.#ranks.allReduce(sums);
    return [...sums];
  }

  /** Sums of losses over all passes, in their order, from this rank's: one record for each of its passes. */
  async losses(own: readonly Readonly<Record<string, number>>[]): Promise<Record<string, number>> {
    const names = Object.keys(own[0] ?? {});
    const numbers = own.flatMap((losses) => names.map((name) => losses[name]!));
    const all = this.#ranks.size === 1 ? numbers : this.#inOrder(await this.#ranks.allGather(Float32Array.from(numbers)));
    const sums = Object.fromEntries(names.map((name) => [name, 0]));
    for (const [i, value] of all.entries()) sums[names[i % names.length]!]! += value;
    return sums;
  }

  /** Sums gradients over all ranks where they lie. What else passes update, such as the running statistics of batch norm, becomes that of rank 0. */
  async gradients(state: DeviceState, gradients: readonly string[], others: readonly string[]): Promise<void> {
    if (this.#ranks.size === 1) return;
    await state.exchange(gradients, (numbers) => this.#ranks.allReduce(numbers));
    if (others.length > 0)
      await state.exchange(others, (numbers) => this.#ranks.broadcast(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)));
  }

  /** A field of all studies of the step, of this rank's batch. Studies with equal impressions are numbered alike over all of them. */
  field(name: string, own: HostArray, batch: HostArrays): Promise<HostArray> {
    if (this.#ranks.size > 1 && name === 'groups') return this.#groups(batch.impression!);
    return this.rows(own);
  }

  /** For each study of the step, the first one with the same impression: (all studies) i32, of this rank's padded token ids. */
  async #groups(impression: HostArray): Promise<HostArray> {
    const { shape, ...rows } = await this.rows(impression);
    const first = new Map<string, number>();
    const groups = Int32Array.from({ length: shape[0]! }, (_, row) => {
      const key = sliceRows({ ...rows, shape }, row, row + 1).data.join();
      if (!first.has(key)) first.set(key, row);
      return first.get(key)!;
    });
    return { data: groups, shape: [shape[0]!] };
  }
}

/** Rows (B, T, ...) made longer along the second axis. */
function lengthened(array: HostArray, length: number, pad: number): HostArray {
  const { data, shape } = array;
  if (shape[1] === length) return array;
  const inner = sizeOf(shape.slice(2));
  const [from, to] = [shape[1]! * inner, length * inner];
  const longer = data instanceof Int32Array ? new Int32Array(shape[0]! * to).fill(pad) : new Float32Array(shape[0]! * to);
  for (let row = 0; row < shape[0]!; row++) longer.set(data.subarray(row * from, (row + 1) * from), row * to);
  return { data: longer, shape: [shape[0]!, length, ...shape.slice(2)] };
}
