// What a rule gets and gives: arrays with bound shapes.
import type { Bindings, HostArray, OpAttributes, OpName } from '@hybridmed/tensor';

/** An array while a plain program runs. */
export type Value = HostArray;

/** What a rule may ask of the run it is in. */
export interface Run {
  /** Values of the graph's symbols. */
  readonly bindings: Bindings;
  /** A new array of floats in the run's precision, zeros. */
  floats(length: number): Float32Array | Float64Array;
}

/** Computes one op on arrays; `shapes` are its outputs' bound shapes. */
export type Rule<K extends OpName> = (
  inputs: readonly Value[],
  attributes: OpAttributes[K],
  shapes: readonly (readonly number[])[],
  run: Run,
) => readonly Value[];
