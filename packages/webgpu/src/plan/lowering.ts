// Lowering a graph with bound sizes: element-wise chains grow until something needs their values; everything else becomes kernels.
import type { AnyKernel, Capabilities, ElementType, Kernel, View } from '@hybridmed/kernels';
import { kernels, stridesOf } from '@hybridmed/kernels';
import type { Bindings, Graph, Node, Tensor } from '@hybridmed/tensor';
import { bindShape, graphOutputs } from '@hybridmed/tensor';
import { chainOf, chainProblem, isWhole } from './chains.ts';
import type { JoinedChain } from './epilogues.ts';
import { countReaders } from './epilogues.ts';
import type { MemoryLimits } from './memory.ts';
import type { Tunable } from '../tuning/tuner.ts';
import type { Storage } from './precision.ts';
import type { Joining, PendingProduct, Product } from './products.ts';
import { PendingProducts, storedProduct } from './products.ts';
import type { Chain, Operand, PlannedDispatch, Value } from './values.ts';
import type { Provisional, Sources, Together } from './windows.ts';
import { apart } from './windows.ts';

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Steps that one chain may have. */
const maxSteps = 24;

/** Elements of a product that a processor joins steps to: compiling one more of its long shaders costs more than a pass over fewer. */
const leastJoined = 2 ** 16;

/** What decides how kernels compute: what the adapter can do, and the variants chosen for it. */
export interface KernelChoice {
  readonly capabilities: Capabilities;
  /** The variant that a problem takes; undefined for the rule's. */
  variantFor(kernel: AnyKernel, problem: unknown): string | undefined;
}

/** What a plan may ask of the adapter: sizes of buffers and bindings, and arrays that a shader reads beside the one it writes. */
export type PlanLimits = MemoryLimits & { readonly maxInputs: number };

/** State of a lowering. */
export class Lowering {
  readonly bindings: Bindings;
  /** How values are stored. */
  readonly storage: Storage;
  readonly dispatches: PlannedDispatch[] = [];
  /** Those among them that are written anew once memory is planned, in order. */
  readonly provisional: Provisional[] = [];
  /** Problems that could be computed in several ways. */
  readonly tunables: Tunable[] = [];
  readonly limits: PlanLimits;
  readonly #maxInputs: number;
  readonly #choice: KernelChoice;
  readonly #operands = new Map<Node, Operand[]>();
  readonly #uses: Map<Node, number[]>;
  readonly #state = new Map<string, { readonly update: Tensor | undefined; readonly lastReader: Node | undefined; readonly shown: boolean }>();
  #nodes: readonly Node[] = [];
  #outputs: readonly Tensor[] = [];
  #nextId = 0;
  /** Products that no dispatch computes yet: what reads one alone becomes its epilogue. */
  readonly #pending = new PendingProducts();
  #readers = new Map<Node, number>();

  constructor(bindings: Bindings, storage: Storage, uses: Map<Node, number[]>, limits: PlanLimits, choice: KernelChoice) {
    this.bindings = bindings;
    this.storage = storage;
    this.#uses = uses;
    this.limits = limits;
    this.#maxInputs = limits.maxInputs;
    this.#choice = choice;
  }

  /** A new dense array. */
  create(type: ElementType, length: number, home: Value['home'] = { kind: 'arena' }): Value {
    return { id: this.#nextId++, type, length, home };
  }

  /** The type that a tensor's array has. */
  type(tensor: Tensor): ElementType {
    return this.storage.half(tensor) ? 'f16' : tensor.dtype;
  }

  shape(tensor: Tensor): number[] {
    return bindShape(tensor.shape, this.bindings);
  }

  set(node: Node, operands: readonly Operand[]): void {
    this.#operands.set(node, [...operands]);
  }

  /** Sets output 0 as a chain: computed at once where it is used twice, too long, or reads too much. */
  setChain(node: Node, chain: Chain): void {
    const once = this.#uses.get(node)![0]! <= 1 || (chain.steps.length === 1 && chain.inputs.length === 0) || chain.steps.length === 0;
    const operand: Operand = { kind: 'chain', chain };
    this.set(node, [operand]);
    if (!once || chain.steps.length > maxSteps) this.value(node.outputs[0]!);
  }

  operand({ node, index }: Tensor): Operand {
    return this.#operands.get(node)![index]!;
  }

  /** A tensor as a chain over its own shape. */
  chain(tensor: Tensor): Chain {
    const operand = this.operand(tensor);
    return operand.kind === 'chain' ? operand.chain : chainOf(operand.value, this.shape(tensor));
  }

  /** Chains that may be joined: where together they read too many arrays, the longest are computed first. */
  joinable(tensors: readonly Tensor[]): Chain[] {
    for (;;) {
      const chains = tensors.map((tensor) => this.chain(tensor));
      const inputs = new Set(
        chains.flatMap((chain) => chain.inputs.map(({ value, offset, strides }) => `${value.id} ${offset} ${strides.join()} of ${chain.shape.join()}`)),
      );
      const steps = chains.reduce((total, chain) => total + chain.steps.length, 0);
      if (inputs.size <= this.#maxInputs && steps < maxSteps) return chains;
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
    if (operand.kind === 'value') return this.#settled(operand.value);
    const { chain } = operand;
    const value = isWhole(chain) ? this.#settled(chain.inputs[0]!.value) : this.compute(chain, this.type(tensor));
    this.#operands.get(tensor.node)![tensor.index] = { kind: 'value', value, shape: chain.shape };
    return value;
  }

  /**
   * A tensor's chain for a kernel that reads each of its elements once and does its steps itself; computed first where the chain leaves with
   * a product that it reads, or reads more arrays than a kernel may.
   */
  readOnce(tensor: Tensor): Chain {
    const open = this.chain(tensor);
    if (open.inputs.length > this.#maxInputs || this.#joiningOf(open, this.type(tensor))) this.value(tensor);
    const chain = this.chain(tensor);
    for (const input of chain.inputs) this.#settled(input.value);
    return chain;
  }

  /** Computes a chain into a new array, stored as a type (its own by default). */
  compute(chain: Chain, type: ElementType = chain.type): Value {
    const value = this.create(type, count(chain.shape));
    if (!this.#joined(chain, value)) this.write(chain, { value, offset: 0, strides: stridesOf(chain.shape) });
    return value;
  }

  /** Computes a chain into a view of an array. */
  write(chain: Chain, target: { readonly value: Value; readonly offset: number; readonly strides: readonly number[] }): void {
    for (const input of chain.inputs) this.#settled(input.value);
    const { value, ...place } = target;
    const output: View = { type: value.type, length: value.length, ...place };
    this.run(
      kernels.map,
      { ...chainProblem(chain), output },
      chain.inputs.map((input) => input.value),
      [value],
    );
  }

  /** A node's product, computed when something reads it; one that is read once may take what reads it as its epilogue. */
  product(node: Node, { kernel, problem }: Product): void {
    const inputs = node.inputs.map((input) => this.value(input));
    const shape = this.shape(node.outputs[0]!);
    const value = this.create(this.type(node.outputs[0]!), count(shape));
    const half = this.storage.rounds(node) ? { half: true } : {};
    this.#pending.add(value, { kernel, problem: { ...problem, ...half }, inputs } as PendingProduct);
    this.set(node, [{ kind: 'value', value, shape }]);
    const worthIt = !this.#choice.capabilities.software || value.length >= leastJoined;
    if (this.#readers.get(node) !== 1 || !worthIt) this.#settled(value);
  }

  /** Computes a value that is a pending product. */
  #settled(value: Value): Value {
    const pending = this.#pending.take(value);
    if (pending) this.#runProduct(pending, value);
    return value;
  }

  #runProduct({ kernel, problem, inputs }: PendingProduct, value: Value, joined?: JoinedChain): void {
    const more = joined ? { epilogue: joined.epilogue } : {};
    const all = [...inputs, ...(joined?.inputs ?? [])];
    if (kernel === 'matmul') this.run(kernels.matmul, { ...storedProduct(problem, inputs, value), ...more }, all, [value]);
    else this.run(kernels.convolution, { ...problem, ...more }, all, [value]);
  }

  /** The pending product with which a chain leaves, where there is one. */
  #joiningOf(chain: Chain, type: ElementType): Joining | undefined {
    return this.#pending.joiningOf(chain, type, this.#maxInputs - 2);
  }

  /** Computes a chain as the epilogue of a pending product that it reads, where it can be. */
  #joined(chain: Chain, value: Value): boolean {
    const joining = this.#joiningOf(chain, value.type);
    if (!joining) return false;
    const pending = this.#pending.take(joining.product)!;
    for (const input of joining.inputs) this.#settled(input);
    this.#runProduct(pending, value, joining);
    return true;
  }

  /** Adds a kernel's dispatches on given inputs; outputs are made where not given. */
  run<P>(kernel: Kernel<P>, problem: NoInfer<P>, inputs: readonly Value[], outputs?: readonly Value[]): Value[] {
    const { made, temporaries } = this.#arraysOf(kernel, problem, inputs, outputs);
    const planned = this.#dispatchesOf(kernel, problem, [...inputs, ...made, ...temporaries]);
    if (planned.length > 0 && (kernel.variants?.names(problem, this.#choice.capabilities).length ?? 0) > 1)
      this.tunables.push({ kernel: kernel as AnyKernel, problem, flops: kernel.cost(problem).flops });
    this.dispatches.push(...planned);
    return [...made];
  }

  /** Adds the dispatches of a kernel that reads many tensors: few arrays hold them all once memory is planned. Inputs are `before`, these arrays, `after`. */
  runTogether<P>(kernel: Kernel<P>, { problemOf, before = [], tensors, after = [], outputs }: Together<P>): Value[] {
    const problem = (sources: Sources) =>
      problemOf(
        sources.arrays.map(({ length }) => length),
        sources.parts,
      );
    const own = apart(tensors);
    const { made, temporaries } = this.#arraysOf(kernel, problem(own), [...before, ...tensors, ...after], outputs);
    const on = (sources: Sources) => this.#dispatchesOf(kernel, problem(sources), [...before, ...sources.arrays, ...after, ...made, ...temporaries]);
    const standing = on(own);
    this.provisional.push({ first: this.dispatches.length, count: standing.length, tensors, on });
    this.dispatches.push(...standing);
    return [...made];
  }

  /** A problem's outputs, made where not given, and its temporaries. */
  #arraysOf<P>(kernel: Kernel<P>, problem: P, inputs: readonly Value[], outputs: readonly Value[] | undefined) {
    const arrays = kernel.arrays(problem, this.#choice.capabilities, this.#choice.variantFor(kernel as AnyKernel, problem));
    const made = outputs ?? arrays.outputs.map(({ type, length }) => this.create(type, length));
    const temporaries = (arrays.temporaries ?? []).map(({ type, length }) => this.create(type, length));
    const wrong = [...arrays.inputs, ...arrays.outputs].findIndex(({ type }, i) => type !== [...inputs, ...made][i]!.type);
    if (wrong >= 0) throw new Error(`${kernel.name}: array ${wrong} is stored as ${[...inputs, ...made][wrong]!.type}`);
    return { made, temporaries };
  }

  /** A problem's dispatches on its arrays. */
  #dispatchesOf<P>(kernel: Kernel<P>, problem: P, all: readonly Value[]): PlannedDispatch[] {
    const planned = kernel.dispatches(problem, this.#choice.capabilities, this.#choice.variantFor(kernel as AnyKernel, problem));
    const { inputs, outputs, temporaries = [] } = kernel.arrays(problem, this.#choice.capabilities, this.#choice.variantFor(kernel as AnyKernel, problem));
    const valueOf = new Map([...inputs, ...outputs, ...temporaries].map(({ name }, i) => [name, all[i]!]));
    const { flops, bytes } = kernel.cost(problem);
    return planned.map(({ label, code, parameters, reads, writes, workgroups, clears = false }) => ({
      label,
      code,
      parameters,
      values: [...reads, ...writes].map((name) => valueOf.get(name)!),
      writes: writes.map((_, i) => reads.length + i),
      workgroups,
      clears,
      flops: flops / planned.length,
      bytes: bytes / planned.length,
    }));
  }

  /** Notes what the graph reads and writes, for `mayOverwrite` and `settle`. */
  watch(graph: Graph, nodes: readonly Node[]): void {
    this.#nodes = nodes;
    this.#outputs = graphOutputs(graph);
    this.#readers = countReaders(nodes, this.#outputs);
    const lastReader = new Map<Node, Node>();
    for (const node of nodes) for (const { node: read } of node.inputs) lastReader.set(read, node);
    const shown = new Set(Object.values(graph.results).map(({ node }) => node));
    const entryOf = new Map(Object.entries(graph.state).map(([name, { node }]) => [node, name]));
    for (const [name, { node }] of Object.entries(graph.updates)) if (entryOf.get(node) !== name) shown.add(node);
    for (const [name, { node }] of Object.entries(graph.state))
      this.#state.set(name, { update: graph.updates[name], lastReader: lastReader.get(node), shown: shown.has(node) });
  }

  /** Whether a node may rewrite a state entry where it lies: it is the last to read it, and its output is the entry's new value. */
  mayOverwrite(node: Node, value: Value): boolean {
    if (value.home.kind !== 'state') return false;
    const { update, lastReader, shown } = this.#state.get(value.home.name)!;
    return !shown && lastReader === node && update?.node === node;
  }

  /** Computes whatever reads one of these arrays and is used after `node`, which is about to change them. */
  settle(changing: ReadonlySet<Value>, node: Node): void {
    for (const product of this.#pending.readersOf(changing)) this.#settled(product);
    const after = this.#nodes.slice(this.#nodes.indexOf(node) + 1);
    for (const tensor of new Set([...after.flatMap(({ inputs }) => inputs), ...this.#outputs])) {
      const operands = this.#operands.get(tensor.node);
      if (!operands || tensor.node.op === 'input') continue;
      const chain = this.chain(tensor);
      if (chain.inputs.some(({ value }) => changing.has(value)))
        operands[tensor.index] = { kind: 'value', value: this.compute(chain, this.type(tensor)), shape: chain.shape };
    }
  }
}
