// A golden file: the arrays an independent implementation used and computed, with its configuration; and how errors are measured.
import type { DeviceInfo, HostArray, HostArrays } from '@hybridmed/tensor';

/** One golden: file name without ending, its JSON, and its arrays by key (`param.N`, `in.X`, `out.X`, `grad.N`, ...). */
export interface Golden {
  readonly name: string;
  // The JSON's shape depends on the kind of golden; each replay reads what it needs.
  // oxlint-disable-next-line typescript/no-explicit-any -- as said.
  readonly json: Readonly<Record<string, any>>;
  readonly arrays: HostArrays;
  /** Text files its JSON names (vocabularies), by the path it names them by. */
  readonly texts?: Readonly<Record<string, string>>;
  /** The folder that it is in, for what it names beside itself. */
  readonly folder?: string;
}

/** What a replay may be given beside the golden. */
export interface ReplayOptions {
  /** Folder of trained weights, for a golden that holds none. */
  readonly weights?: string | undefined;
}

/** One quantity checked against its golden value. */
export interface Comparison {
  readonly file: string;
  readonly quantity: string;
  /** Max relative error: max |ours - golden| / max |golden|. */
  readonly error: number;
  readonly bound: number;
  readonly ok: boolean;
}

/** Arrays whose keys start with a prefix, under the rest of their keys. */
export function withPrefix(arrays: HostArrays, prefix: string): Record<string, HostArray> {
  return Object.fromEntries(Object.entries(arrays).flatMap(([key, value]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [])));
}

/** The same numbers as f32 (masks are stored as integers). */
export const asFloat = ({ data, shape }: HostArray): HostArray => ({ data: data instanceof Int32Array ? Float32Array.from(data) : data, shape });

function maxMagnitude(data: HostArray['data']): number {
  let max = 0;
  for (let i = 0; i < data.length; i++) max = Math.max(max, Math.abs(data[i]!));
  return max;
}

/** max |ours - golden| / max |golden|; infinite where sizes differ or ours is not finite. */
export function relativeError(ours: HostArray['data'], golden: HostArray['data']): number {
  if (ours.length !== golden.length) return Infinity;
  let difference = 0;
  for (let i = 0; i < golden.length; i++) {
    const d = Math.abs(ours[i]! - golden[i]!);
    if (Number.isNaN(d)) return Infinity;
    difference = Math.max(difference, d);
  }
  const scale = maxMagnitude(golden);
  return difference === 0 ? 0 : difference / scale;
}

/** |ours - golden| / |golden| of numbers. */
export const scalarError = (ours: number, golden: number): number => relativeError(Float64Array.of(ours), Float64Array.of(golden));

/** Kinds of quantities whose bounds are wider in mixed precision, and those bounds. All other quantities have one bound. */
const mixedBounds = { losses: 1e-2, trajectory: 3e-2, outputs: 1e-2, gradients: 3e-2, cancelled: 1e-3 } as const;

/** A kind of quantity. */
export type QuantityKind = keyof typeof mixedBounds;

/** Collects comparisons of one file, keeping the worst of each quantity. */
export class Report {
  readonly #file: string;
  readonly #mixed: boolean;
  readonly #worst = new Map<string, Comparison>();

  constructor(file: string, { precision }: Pick<DeviceInfo, 'precision'> = {}) {
    this.#file = file;
    this.#mixed = precision === 'mixed';
  }

  add(quantity: string, error: number, inFull: number, kind?: QuantityKind): void {
    const bound = this.#mixed && kind ? mixedBounds[kind] : inFull;
    const worst = this.#worst.get(quantity);
    if (worst && worst.error >= error) return;
    this.#worst.set(quantity, { file: this.#file, quantity, error, bound, ok: error <= bound });
  }

  /**
   * Gradients against golden ones by name. Where a golden gradient is under 1e-10 of the largest (key biases: softmax cancels them),
   * ours must be under 1e-6 of that largest.
   */
  addGradients(quantity: string, ours: HostArrays, golden: HostArrays, bound: number): void {
    const largest = Math.max(...Object.values(golden).map(({ data }) => maxMagnitude(data)));
    this.add(quantity, 0, bound, 'gradients');
    for (const [name, { data }] of Object.entries(golden)) {
      const mine = ours[name]?.data;
      if (!mine) this.add(`${quantity} (${name} is missing)`, Infinity, bound);
      else if (maxMagnitude(data) < 1e-10 * largest) this.add(`${quantity} (cancelled)`, maxMagnitude(mine) / largest, 1e-6, 'cancelled');
      else this.add(quantity, relativeError(mine, data), bound, 'gradients');
    }
  }

  rows(): Comparison[] {
    return [...this.#worst.values()];
  }
}
