// What a lowering rule sees: the builder, names of values, and the forms of a value that later rules can use.
import type { Node, OpName, Shape, Tensor } from '@hybridmed/tensor';
import type { GraphBuilder } from '../model/builder.ts';
import type { Target } from '../model/target.ts';
import type { Weights } from '../model/weights.ts';

/** Lowers one node to ONNX nodes and returns its outputs' names. */
export type Rule<K extends OpName> = (context: LoweringContext, node: Node<K>) => readonly string[];

/** The state of a lowering. */
export interface LoweringContext {
  readonly b: GraphBuilder;
  /** What the lowering is for. */
  readonly target: Target;
  /** Parameters inside the model. */
  readonly weights: Weights;
  /** The ONNX name of a value. */
  name(value: Tensor): string;
  /** The condition (f32, 1 or 0) as a bool value, without a detour where it came from a comparison. */
  bool(value: Tensor): string;
  /** Notes that a value also exists as a bool. */
  setBool(value: Tensor, name: string): void;
  /** True where something uses this output. */
  used(value: Tensor): boolean;
  /** True where a single input of a node takes the value, and no output of the graph does. */
  alone(value: Tensor): boolean;
  /** True where a node of this op takes the value. */
  feeds(value: Tensor, op: OpName): boolean;
  /** Where a value that a reshape gave came from, by ONNX name. */
  readonly reshaped: Map<string, { readonly source: string; readonly shape: Shape }>;
  /** What an earlier node left for its gradient's rule, by node. */
  readonly kept: Map<Node, Readonly<Record<string, string>>>;
}
