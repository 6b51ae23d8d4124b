// Builds an ONNX graph: names, constants (each once), nodes, and sizes that are known only when it runs.
import type { Dim, Shape, TensorSpec } from '@hybridmed/tensor';
import { dimSymbols } from '@hybridmed/tensor';
import type { BuildOptions, Initializer, OnnxFile } from './initializers.ts';
import { placeInitializers } from './initializers.ts';
import type { FileNode } from './order.ts';
import { endsAsTraced } from './order.ts';
import type { ElementType } from './proto.ts';
import { elementTypes, encodeModel } from './proto.ts';

/** Attribute values of a node: whole numbers and lists of them become ints, `{ f }` a float, text a string. */
export type Attributes = Readonly<Record<string, number | readonly number[] | string | { readonly f: number }>>;

const contrib = 'com.microsoft';

/** The format's version that came with an opset. */
const irVersion = (opset: number): number => (opset < 19 ? 8 : opset < 21 ? 9 : opset < 23 ? 10 : 11);

function attribute(name: string, value: Attributes[string]): object {
  if (typeof value === 'number') return { name, type: 2, i: value };
  if (typeof value === 'string') return { name, type: 3, s: new TextEncoder().encode(value) };
  if ('f' in value) return { name, type: 1, f: value.f };
  return { name, type: 7, ints: [...value] };
}

/** A graph under construction. */
export class GraphBuilder {
  readonly #nodes: FileNode[] = [];
  readonly #opset: number;
  readonly #initializers = new Map<string, Initializer>();
  readonly #inputs: object[] = [];
  readonly #memo = new Map<string, string>();
  readonly #symbols = new Map<string, { input: string; axis: number }>();
  readonly #declared = new Set<string>();
  readonly #offered = new Map<string, TensorSpec>();
  readonly #described = new Map<string, TensorSpec>();
  #next = 0;

  constructor(opset: number) {
    this.#opset = opset;
  }

  /** A new value name. */
  fresh(): string {
    return `v${this.#next++}`;
  }

  /** The value `make` computes, computed once per key. */
  once(key: string, make: () => string): string {
    const known = this.#memo.get(key);
    if (known) return known;
    const name = make();
    this.#memo.set(key, name);
    return name;
  }

  /** Adds a node with `outputs` outputs; ops of ONNX Runtime's own carry the prefix `ms:`. */
  nodes(op: string, inputs: readonly string[], attributes: Attributes = {}, outputs = 1): string[] {
    const names = Array.from({ length: outputs }, () => this.fresh());
    const own = op.startsWith('ms:');
    this.#nodes.push({
      opType: own ? op.slice(3) : op,
      domain: own ? contrib : '',
      input: [...inputs],
      output: names,
      attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    });
    return names;
  }

  /** `nodes` for one output. */
  node(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.nodes(op, inputs, attributes)[0]!;
  }

  /** A constant tensor. */
  constant(type: 'f32' | 'i32' | 'i64', values: readonly number[], dims: readonly number[] = [values.length]): string {
    const key = `${type}[${dims.join()}]${values.join()}`;
    return this.once(`constant ${key}`, () => {
      const array = type === 'f32' ? Float32Array.from(values) : type === 'i32' ? Int32Array.from(values) : BigInt64Array.from(values, BigInt);
      return this.tensor(this.fresh(), type, dims, new Uint8Array(array.buffer));
    });
  }

  /** A constant tensor of a chosen name, from its bytes, which are not copied. */
  tensor(name: string, type: ElementType, dims: readonly number[], bytes: Uint8Array): string {
    this.#initializers.set(name, { name, type, dims, bytes });
    return name;
  }

  /** An f32 scalar. */
  scalar(value: number): string {
    return this.constant('f32', [value], []);
  }

  /** Declares an input of the graph. */
  input(name: string, { shape, dtype }: TensorSpec): void {
    if (this.#declared.has(name)) return;
    this.#declared.add(name);
    this.#inputs.push(valueInfo(name, shape, dtype));
  }

  /** Offers an input as the source of its lone symbols; it is declared when one of them is needed. */
  offer(name: string, { shape, dtype }: TensorSpec): void {
    this.#offered.set(name, { shape, dtype });
    shape.forEach((dim, axis) => {
      if (typeof dim === 'string' && dimSymbols(dim)[0] === dim && !this.#symbols.has(dim)) this.#symbols.set(dim, { input: name, axis });
    });
  }

  /** A dimension as an int64 [1]. */
  dim(dim: Dim): string {
    if (typeof dim === 'number') return this.constant('i64', [dim]);
    return this.once(`dim ${dim}`, () =>
      dim
        .split('+')
        .map((term) =>
          term
            .split('*')
            .map((factor) => this.#factor(factor))
            .reduce((a, b) => this.node('Mul', [a, b])),
        )
        .reduce((a, b) => this.node('Add', [a, b])),
    );
  }

  #factor(factor: string): string {
    const value = Number(factor);
    return Number.isNaN(value) ? this.#symbol(factor) : this.constant('i64', [value]);
  }

  #symbol(symbol: string): string {
    return this.once(`symbol ${symbol}`, () => {
      const source = this.#symbols.get(symbol);
      if (!source) throw new Error(`the dimension "${symbol}" is no input's own size`);
      this.input(source.input, this.#offered.get(source.input)!);
      return this.node('Shape', [source.input], { start: source.axis, end: source.axis + 1 });
    });
  }

  /** A shape as an int64 vector. */
  shape(shape: Shape): string {
    if (shape.every((dim) => typeof dim === 'number')) return this.constant('i64', shape as number[]);
    return this.once(`shape ${shape.join()}`, () =>
      this.node(
        'Concat',
        shape.map((dim) => this.dim(dim)),
        { axis: 0 },
      ),
    );
  }

  /** Gives a value a second, chosen name, as outputs need. */
  alias(name: string, value: string): void {
    this.#nodes.push({ opType: 'Identity', domain: '', input: [value], output: [name], attribute: [] });
  }

  /** States a value's shape: where ONNX Runtime sees that two values have one size, a node can write over its input. */
  describe(name: string, spec: TensorSpec): string {
    this.#described.set(name, spec);
    return name;
  }

  /** Names of the declared inputs. */
  get inputNames(): string[] {
    return [...this.#declared];
  }

  /** Nodes and constants that `ends` depend on: rules may leave others behind, such as summands of a sum that became a concatenation. */
  #live(ends: readonly string[]): { nodes: FileNode[]; needed: ReadonlySet<string> } {
    const needed = new Set(ends);
    const nodes = this.#nodes.toReversed().filter((node) => {
      if (!node.output.some((name) => needed.has(name))) return false;
      for (const name of node.input) needed.add(name);
      return true;
    });
    return { nodes: nodes.toReversed(), needed };
  }

  /** The model's file with the given outputs. */
  build(outputs: readonly { name: string; spec: TensorSpec }[], options: BuildOptions = {}): OnnxFile {
    const { nodes, needed } = this.#live(outputs.map(({ name }) => name));
    const initializers = [...this.#initializers.values()].filter(({ name }) => needed.has(name));
    const { tensors, external } = placeInitializers(initializers, options);
    const { ordered, marks } = options.endsAsTraced ? endsAsTraced(nodes) : { ordered: nodes, marks: [] };
    const model = encodeModel({
      irVersion: irVersion(this.#opset),
      producerName: 'hybridmed',
      opsetImport: [{ domain: '', version: this.#opset }, ...(nodes.some(({ domain }) => domain === contrib) ? [{ domain: contrib, version: 1 }] : [])],
      graph: {
        name: 'hybridmed',
        node: ordered.map((node, i) => ({ ...node, name: `${node.opType}_${i}` })),
        initializer: tensors,
        input: this.#inputs,
        valueInfo: [...this.#described].filter(([name]) => needed.has(name)).map(([name, { shape, dtype }]) => valueInfo(name, shape, dtype)),
        output: [...outputs.map(({ name, spec }) => valueInfo(name, spec.shape, spec.dtype)), ...marks.map((name) => valueInfo(name, [], 'i64'))],
      },
    });
    return external ? { model, external } : { model };
  }
}

function valueInfo(name: string, shape: Shape, dtype: ElementType): object {
  return {
    name,
    type: {
      tensorType: { elemType: elementTypes[dtype], shape: { dim: shape.map((dim) => (typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim })) } },
    },
  };
}
