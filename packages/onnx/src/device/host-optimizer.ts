// Splits a training step: what ONNX Runtime computes, and what the host runs in place after it: AdamW, and embedding gradients scattered into its gradients.
import type { Graph, Node, Tensor } from '@hybridmed/tensor';

/** One summand of a gradient: a value the session gives, or rows of it to be scattered by ids that are a data input. */
export interface GradientTerm {
  readonly value: Tensor;
  readonly ids?: string;
}

/** An AdamW node whose parameters and moments are state entries that it updates in place. */
export interface HostOptimizer {
  readonly node: Node<'adamW'>;
  /** Names of the data inputs that hold the learning rate and the step. */
  readonly learningRate: string;
  readonly step: string;
  readonly parameters: readonly string[];
  readonly firstMoments: readonly string[];
  readonly secondMoments: readonly string[];
  /** Summands of each parameter's gradient. */
  readonly gradients: readonly (readonly GradientTerm[])[];
  /** Result that gets the gradients' norm. */
  readonly norm: string | undefined;
}

const inputName = (value: Tensor, entries: Readonly<Record<string, Tensor>>): string | undefined =>
  Object.keys(entries).find((name) => entries[name]!.node === value.node);

/** The summands of a gradient, where scatters by a data input are summands of their own. */
function terms(value: Tensor, graph: Graph, uses: ReadonlyMap<Node, number>): GradientTerm[] {
  const { node } = value;
  if (node.op === 'scatterAdd' && uses.get(node) === 1) {
    const ids = inputName(node.inputs[1]!, graph.data);
    if (ids !== undefined) return [{ value: node.inputs[0]!, ids }];
  }
  if (node.op === 'add' && uses.get(node) === 1 && node.inputs.every((input) => input.shape.length === value.shape.length)) {
    const parts = node.inputs.flatMap((input) => terms(input, graph, uses));
    // Split only where that keeps a scatter out of the session; plain sums stay in it.
    if (parts.some((part) => part.ids !== undefined)) return parts;
  }
  return [{ value }];
}

/** What the host runs of a graph, or undefined where AdamW does anything but update the state in place. */
export function findHostOptimizer(graph: Graph, nodes: readonly Node[]): HostOptimizer | undefined {
  const steps = nodes.filter((node): node is Node<'adamW'> => node.op === 'adamW');
  const node = steps[0];
  if (steps.length !== 1 || !node || node.attributes.scaled || nodes.some((other) => other.inputs.some((input) => input.node === node))) return undefined;
  const uses = new Map<Node, number>();
  const use = (value: Tensor) => uses.set(value.node, (uses.get(value.node) ?? 0) + 1);
  for (const other of nodes) other.inputs.forEach(use);
  [...Object.values(graph.results), ...Object.values(graph.updates)].forEach(use);
  const n = (node.inputs.length - 2) / 4;
  const block = (at: number) => node.inputs.slice(2 + at * n, 2 + (at + 1) * n);
  const inPlace = (inputs: readonly Tensor[], offset: number): string[] | undefined => {
    const names = inputs.map((input, i) => {
      const name = inputName(input, graph.state);
      return name !== undefined && graph.updates[name] === node.outputs[offset + i] ? name : undefined;
    });
    return names.includes(undefined) ? undefined : (names as string[]);
  };
  const [parameters, firstMoments, secondMoments] = [inPlace(block(0), 0), inPlace(block(2), n), inPlace(block(3), 2 * n)];
  const [learningRate, step] = [inputName(node.inputs[0]!, graph.data), inputName(node.inputs[1]!, graph.data)];
  if (!parameters || !firstMoments || !secondMoments || learningRate === undefined || step === undefined) return undefined;
  const norm = Object.keys(graph.results).find((name) => graph.results[name] === node.outputs[3 * n]);
  // What leaves beside the state's own new values and the norm, the host would drop.
  const leaving = [...Object.values(graph.results), ...Object.values(graph.updates)].filter((value) => value.node === node).length;
  if (leaving !== 3 * n + (norm === undefined ? 0 : 1)) return undefined;
  return { node, learningRate, step, parameters, firstMoments, secondMoments, gradients: block(1).map((value) => terms(value, graph, uses)), norm };
}
