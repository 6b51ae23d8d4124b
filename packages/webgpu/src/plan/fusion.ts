// Fusion: what stands for each tensor while rules run. Element-wise chains grow until something needs their values; everything else becomes
// calls of kernels.
import type { ElementType, View } from '@hybridmed/kernels';
import { kernels } from '@hybridmed/kernels';
import type { Bindings, Graph, Node, Tensor } from '@hybridmed/tensor';
import { bindShape, graphOutputs, sizeOf, stridesOf } from '@hybridmed/tensor';
import type { StateAliasing } from './aliasing.ts';
import type { KernelChoice } from './calls.ts';
import { KernelCalls } from './calls.ts';
import { chainOf, chainProblem, isWhole } from './chains.ts';
import { countReaders, countUses } from './epilogues.ts';
import type { MemoryLimits } from './memory.ts';
import type { Storage } from './storage.ts';
import type { PendingProduct, Product } from './products.ts';
import { PendingProducts } from './products.ts';
import type { Chain, Operand, Value } from './values.ts';

/** Steps that one chain may have. */
const maxSteps = 24;

/** Elements of a product that a processor joins steps to: compiling one more of its long shaders costs more than a pass over fewer. */
const leastJoined = 2 ** 16;

/** What a plan may ask of the adapter: sizes of buffers and bindings, and arrays that a shader reads beside the one it writes. */
export type PlanLimits = MemoryLimits & { readonly maxInputs: number };

/** What planning knows of the adapter. */
export interface Adapter extends KernelChoice {
  readonly limits: PlanLimits;
}

/** What fusion goes by. Nodes come in a runnable order. */
export interface FusionOptions {
  readonly nodes: readonly Node[];
  readonly bindings: Bindings;
  readonly storage: Storage;
  readonly aliasing: StateAliasing;
  readonly adapter: Adapter;
}

/** What stands for each tensor of a graph: a dense value, or a chain that no call has computed yet. */
export class Fusion {
  readonly bindings: Bindings;
  /** How values are stored. */
  readonly storage: Storage;
  readonly limits: PlanLimits;
  /** The calls of kernels as they come to be. */
  readonly calls: KernelCalls;
  readonly aliasing: StateAliasing;
  readonly #software: boolean;
  readonly #operands = new Map<Node, Operand[]>();
  readonly #uses: ReadonlyMap<Node, readonly number[]>;
  readonly #readers: ReadonlyMap<Node, number>;
  /** Products that no call computes yet: what reads one alone becomes its epilogue. */
  readonly #pending: PendingProducts;

  constructor(graph: Graph, { nodes, bindings, storage, aliasing, adapter }: FusionOptions) {
    this.bindings = bindings;
    this.storage = storage;
    this.limits = adapter.limits;
    this.calls = new KernelCalls(adapter);
    this.aliasing = aliasing;
    this.#software = adapter.capabilities.software;
    this.#uses = countUses(nodes, graphOutputs(graph));
    this.#readers = countReaders(nodes, graphOutputs(graph));
    this.#pending = new PendingProducts(this.calls, adapter.limits.maxInputs);
  }

  /** The type that a tensor's array has. */
  type(tensor: Tensor): ElementType {
    return this.storage.half(tensor) ? 'f16' : tensor.dtype;
  }

  shape(tensor: Tensor): number[] {
    return bindShape(tensor.shape, this.bindings);
  }

  /** Sets a node's outputs. */
  set(node: Node, operands: readonly Operand[]): void {
    this.#operands.set(node, [...operands]);
  }

  /** Sets a node's first outputs to dense values. */
  setValues(node: Node, values: readonly Value[]): void {
    this.set(
      node,
      values.slice(0, node.outputs.length).map((value, i) => ({ kind: 'value', value, shape: this.shape(node.outputs[i]!) })),
    );
  }

  /** Sets output 0 as a chain: computed at once where it is used twice, too long, or reads too much. */
  setChain(node: Node, chain: Chain): void {
    const once = this.#uses.get(node)![0]! <= 1 || (chain.steps.length === 1 && chain.inputs.length === 0) || chain.steps.length === 0;
    const operand: Operand = { kind: 'chain', chain };
    this.set(node, [operand]);
    if (!once || chain.steps.length > maxSteps) this.value(node.outputs[0]!);
  }

  /** Sets a node's output as a product, computed when something reads it; one that is read once may take what reads it as its epilogue. */
  setProduct(node: Node, { kernel, problem }: Product): void {
    const inputs = node.inputs.map((input) => this.value(input));
    const shape = this.shape(node.outputs[0]!);
    const value = this.calls.create(this.type(node.outputs[0]!), sizeOf(shape));
    const half = this.storage.rounds(node) ? { half: true } : {};
    this.#pending.add(value, { kernel, problem: { ...problem, ...half }, inputs } as PendingProduct);
    this.setValues(node, [value]);
    const worthJoining = !this.#software || value.length >= leastJoined;
    if (this.#readers.get(node) !== 1 || !worthJoining) this.#pending.materialize(value);
  }

  operand({ node, index }: Tensor): Operand {
    return this.#operands.get(node)![index]!;
  }

  /** A tensor as a chain over its own shape. */
  chain(tensor: Tensor): Chain {
    const operand = this.operand(tensor);
    return operand.kind === 'chain' ? operand.chain : chainOf(operand.value, this.shape(tensor));
  }

  /** Chains that may be joined: where all of them read too many arrays, the longest are computed first. */
  joinable(tensors: readonly Tensor[]): Chain[] {
    for (;;) {
      const chains = tensors.map((tensor) => this.chain(tensor));
      const inputs = new Set(
        chains.flatMap((chain) => chain.inputs.map(({ value, offset, strides }) => `${value.id} ${offset} ${strides.join()} of ${chain.shape.join()}`)),
      );
      const steps = chains.reduce((total, chain) => total + chain.steps.length, 0);
      if (inputs.size <= this.limits.maxInputs && steps < maxSteps) return chains;
      const longest = chains
        .map((chain, i) => ({ i, size: chain.inputs.length + chain.steps.length, open: chain.steps.length > 0 }))
        .filter(({ open }) => open)
        .toSorted((a, b) => b.size - a.size)[0];
      if (!longest) return chains;
      this.value(tensors[longest.i]!);
    }
  }

  /** A tensor as a dense array: a chain is computed here. */
  value(tensor: Tensor): Value {
    const operand = this.operand(tensor);
    if (operand.kind === 'value') return this.#pending.materialize(operand.value);
    const { chain } = operand;
    const value = isWhole(chain) ? this.#pending.materialize(chain.inputs[0]!.value) : this.compute(chain, this.type(tensor));
    this.#operands.get(tensor.node)![tensor.index] = { kind: 'value', value, shape: chain.shape };
    return value;
  }

  /**
   * A tensor's chain for a kernel that reads each of its elements once and does its steps itself; computed first where the chain leaves with
   * a product that it reads, or reads more arrays than a kernel may.
   */
  readOnce(tensor: Tensor): Chain {
    const open = this.chain(tensor);
    if (open.inputs.length > this.limits.maxInputs || this.#pending.joins(open, this.type(tensor))) this.value(tensor);
    const chain = this.chain(tensor);
    for (const input of chain.inputs) this.#pending.materialize(input.value);
    return chain;
  }

  /** Computes a chain into a new array, stored as a type (its own by default). */
  compute(chain: Chain, type: ElementType = chain.type): Value {
    const value = this.calls.create(type, sizeOf(chain.shape));
    if (!this.#pending.materializeJoined(chain, value)) this.write(chain, { value, offset: 0, strides: stridesOf(chain.shape) });
    return value;
  }

  /** Computes a chain into a view of an array. */
  write(chain: Chain, target: { readonly value: Value; readonly offset: number; readonly strides: readonly number[] }): void {
    for (const input of chain.inputs) this.#pending.materialize(input.value);
    const { value, ...place } = target;
    const output: View = { type: value.type, length: value.length, ...place };
    const inputs = chain.inputs.map((input) => input.value);
    this.calls.run(kernels.map, { ...chainProblem(chain), output }, inputs, [value]);
  }

  /** Computes whatever reads one of these arrays and is used after `node`, which is about to change them. */
  materializeReaders(changing: ReadonlySet<Value>, node: Node): void {
    this.#pending.materializeReaders(changing);
    for (const tensor of this.aliasing.usedAfter(node)) {
      const operands = this.#operands.get(tensor.node);
      if (!operands || tensor.node.op === 'input') continue;
      const chain = this.chain(tensor);
      if (chain.inputs.some(({ value }) => changing.has(value)))
        operands[tensor.index] = { kind: 'value', value: this.compute(chain, this.type(tensor)), shape: chain.shape };
    }
  }
}
