// Reverse-mode differentiation as a transform of the graph: gradients are nodes appended to it, written in the same ops.
import { sameShape } from './dim.ts';
import { TraceError } from './errors.ts';
import type { Node, Tensor } from './node.ts';
import { whileRecomputing } from './node.ts';
import type { OpName } from './ops/attributes.ts';
import { add } from './ops/elementwise.ts';
import { full } from './ops/sources.ts';
import { createNode } from './node.ts';
import type { OpRow } from './ops/op-row.ts';
import { opTable } from './ops/table.ts';
import { ancestors } from './graph.ts';

/** Cotangents of values, keyed by node and output. */
class Cotangents {
  readonly #byNode = new Map<Node, (Tensor | undefined)[]>();

  add(value: Tensor, cotangent: Tensor): void {
    const row = this.#byNode.get(value.node) ?? [];
    const present = row[value.index];
    row[value.index] = present ? add(present, cotangent) : cotangent;
    this.#byNode.set(value.node, row);
  }

  of(node: Node): readonly (Tensor | undefined)[] | undefined {
    return this.#byNode.get(node);
  }
}

/** Copies of nodes inside a `remat` segment, made for the backward pass from the segment's inputs. */
function recomputer(): (node: Node) => Node {
  const copies = new Map<Node, Node>();
  const copy = (node: Node): Node => {
    if (node.segment === undefined) return node;
    const known = copies.get(node);
    if (known) return known;
    const inputs = node.inputs.map((value) => (value.node.segment === node.segment ? copy(value.node).outputs[value.index]! : value));
    const recomputed = whileRecomputing(() => createNode(node.op, inputs, node.attributes, node.outputs)) as Node;
    copies.set(node, recomputed);
    return recomputed;
  };
  return copy;
}

/**
 * Vector-Jacobian product: the cotangents of `wrt` given cotangents of `values`. A value that nothing flows to gets zeros.
 * Throws a TraceError where a gradient would have to flow through an op that has none.
 */
export function vjp(values: readonly Tensor[], cotangents: readonly Tensor[], wrt: readonly Tensor[]): Tensor[] {
  const needed = dependents(values, wrt);
  const flow = new Cotangents();
  values.forEach((value, i) => flow.add(value, cotangents[i]!));
  const recompute = recomputer();
  const targets = new Set(wrt.map((value) => value.node));
  for (const node of [...needed].toSorted((a, b) => b.id - a.id)) {
    const received = flow.of(node);
    if (!received || node.inputs.length === 0) continue;
    if (targets.has(node) && !node.inputs.some((value) => needed.has(value.node))) continue;
    inputCotangents(recompute(node), received).forEach((cotangent, i) => {
      const target = node.inputs[i]!;
      if (cotangent && needed.has(target.node)) flow.add(target, cotangent);
    });
  }
  return wrt.map((value) => flow.of(value.node)?.[value.index] ?? full(0, value.shape, value.dtype));
}

/** Gradients of a scalar with respect to values. Throws a TraceError when `loss` is not an f32 scalar. */
export function grad(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  if (!sameShape(loss.shape, []) || loss.dtype !== 'f32')
    throw new TraceError('grad', `the loss must be an f32 scalar, not ${loss.dtype}[${loss.shape.join(', ')}]`);
  return vjp([loss], [full(1, [])], wrt);
}

function inputCotangents<K extends OpName>(node: Node<K>, received: readonly (Tensor | undefined)[]): readonly (Tensor | undefined)[] {
  const row: OpRow<K> = opTable[node.op];
  if (row.gradient === 'zero') return [];
  if (row.gradient === 'none') throw new TraceError(node.op, 'has no gradient; keep it out of the loss or wrap its input in stopGradient');
  if (row.gradient !== 'definition') return row.gradient(node, received);
  const outputs = row.definition!(node.inputs, node.attributes);
  const flowing = outputs.flatMap((value, i) => (received[i] ? [{ value, cotangent: received[i] }] : []));
  return vjp(
    flowing.map((pair) => pair.value),
    flowing.map((pair) => pair.cotangent),
    node.inputs,
  );
}

/** Nodes on a path from `wrt` to `values`, both ends included. */
function dependents(values: readonly Tensor[], wrt: readonly Tensor[]): Set<Node> {
  const reached = new Set(wrt.map((value) => value.node));
  for (const node of ancestors(values)) {
    if (opTable[node.op].gradient !== 'zero' && node.inputs.some((value) => reached.has(value.node))) reached.add(node);
  }
  return reached;
}
