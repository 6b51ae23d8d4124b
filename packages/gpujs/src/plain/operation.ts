// What a plain operation gets and gives: arrays with bound shapes.
import type { Bindings, HostArray, OpAttributes, OpName } from '@hybridmed/tensor';

/** An array while a plain program runs. */
export type Value = HostArray;

/** What an operation may ask of the run it is in. */
export interface Run {
  /** Values of the graph's symbols. */
  readonly bindings: Bindings;
  /** A new array of floats in the run's precision, zeros. */
  floats(length: number): Float32Array | Float64Array;
}

/** One op on arrays; `shapes` are its outputs' bound shapes. */
export type Operation<K extends OpName> = (
  inputs: readonly Value[],
  attributes: OpAttributes[K],
  shapes: readonly (readonly number[])[],
  run: Run,
) => readonly Value[];
