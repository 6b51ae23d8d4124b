// Values of a plan: arrays that dispatches read and write, and chains of element-wise steps that no dispatch has computed yet.
import type { ElementType, MapStep } from '@hybridmed/kernels';
import type { OpName } from '@hybridmed/tensor';
import { opTable } from '@hybridmed/tensor';

/** Where a value's bytes are. */
export type Home =
  | { readonly kind: 'arena' }
  | { readonly kind: 'data'; readonly name: string }
  | { readonly kind: 'state'; readonly name: string }
  /** Entries of the state that lie one after another, each where a binding may begin. */
  | { readonly kind: 'entries'; readonly names: readonly string[] }
  /** Elements of another value from `offset` on, which lies where a binding may begin. */
  | { readonly kind: 'part'; readonly of: Value; readonly offset: number };

/** A dense array of a plan. */
export interface Value {
  readonly id: number;
  readonly type: ElementType;
  readonly length: number;
  readonly home: Home;
}

/** The value whose bytes a value has: its own, or those of the array that it is a part of. */
export const rootOf = (value: Value): Value => (value.home.kind === 'part' ? rootOf(value.home.of) : value);

/** One input of a chain: elements of a value at `offset + sum(index * stride)`. */
export interface ChainInput {
  readonly value: Value;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** An argument of a step: one of the chain's inputs, or an earlier step. */
export type Argument = { readonly input: number } | { readonly step: number };

/** A step of a chain. */
export interface ChainStep extends Omit<MapStep, 'arguments'> {
  readonly arguments: readonly Argument[];
}

/** An element-wise expression over all indices of `shape`. Without steps it is a view of its only input. */
export interface Chain {
  readonly shape: readonly number[];
  readonly type: ElementType;
  readonly inputs: readonly ChainInput[];
  readonly steps: readonly ChainStep[];
}

/** Whether an op only reads its input in another shape or order: who uses it uses what it reads. */
export const isView = (op: OpName): boolean => opTable[op].view ?? false;

/** What stands for a tensor while a graph is lowered. */
export type Operand = { readonly kind: 'value'; readonly value: Value; readonly shape: readonly number[] } | { readonly kind: 'chain'; readonly chain: Chain };

/** A dispatch of a plan, on values. */
export interface PlannedDispatch {
  readonly label: string;
  readonly code: string;
  readonly parameters: Uint32Array;
  readonly values: readonly Value[];
  /** Positions in `values` of those it writes. */
  readonly writes: readonly number[];
  readonly workgroups: readonly [number, number, number];
  /** Whether all it does is to fill its only value with zeros. */
  readonly clears: boolean;
  readonly flops: number;
  readonly bytes: number;
}
