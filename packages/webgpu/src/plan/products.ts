// Products and convolutions that no dispatch computes yet: a chain that alone reads one becomes its epilogue.
import type { ConvolutionProblem, ElementType, MatmulProblem } from '@hybridmed/kernels';
import { kernels } from '@hybridmed/kernels';
import type { KernelCalls } from './calls.ts';
import type { JoinedChain } from './epilogues.ts';
import { joinToProduct } from './epilogues.ts';
import type { Chain, Value } from './values.ts';

/** What is computed: a product of matrices, or a convolution, whose output is one. */
export type Product = { readonly kernel: 'matmul'; readonly problem: MatmulProblem } | { readonly kernel: 'convolution'; readonly problem: ConvolutionProblem };

/** A product, and the arrays that it reads. */
export type PendingProduct = Product & { readonly inputs: readonly Value[] };

/** A chain that leaves with a product. */
interface Joining extends JoinedChain {
  readonly product: Value;
}

/** A product of matrices as the problem of arrays as they are stored. */
function storedProduct(problem: MatmulProblem, [a, b]: readonly Value[], { type }: Value): MatmulProblem {
  const types = [a!.type, b!.type, type] as const;
  return types.includes('f16') ? { ...problem, types: types as NonNullable<MatmulProblem['types']> } : problem;
}

/** The products that wait, by the value that they will be. */
export class PendingProducts {
  readonly #calls: KernelCalls;
  /** Arrays that an epilogue may read beside the product's two operands. */
  readonly #maxInputs: number;
  readonly #products = new Map<Value, PendingProduct>();

  constructor(calls: KernelCalls, maxInputs: number) {
    this.#calls = calls;
    this.#maxInputs = maxInputs - 2;
  }

  add(value: Value, product: PendingProduct): void {
    this.#products.set(value, product);
  }

  /** Computes a value if it is a product that waits. */
  materialize(value: Value): Value {
    const product = this.#take(value);
    if (product) this.#run(product, value);
    return value;
  }

  /** Computes the products that read one of these arrays. */
  materializeReaders(arrays: ReadonlySet<Value>): void {
    const readers = [...this.#products].filter(([, { inputs }]) => inputs.some((input) => arrays.has(input)));
    for (const [value] of readers) this.materialize(value);
  }

  /** Whether a chain, stored as a type, can leave with a product that waits. */
  joins(chain: Chain, type: ElementType): boolean {
    return this.#joiningOf(chain, type) !== undefined;
  }

  /** Computes a chain as the epilogue of a product that it reads, where it can be; says whether it did. */
  materializeJoined(chain: Chain, value: Value): boolean {
    const joining = this.#joiningOf(chain, value.type);
    if (!joining) return false;
    const product = this.#take(joining.product)!;
    for (const input of joining.inputs) this.materialize(input);
    this.#run(product, value, joining);
    return true;
  }

  #take(value: Value): PendingProduct | undefined {
    const product = this.#products.get(value);
    this.#products.delete(value);
    return product;
  }

  /** The first product whose epilogue a chain can be. */
  #joiningOf(chain: Chain, type: ElementType): Joining | undefined {
    for (const { value: product } of chain.inputs) {
      const pending = this.#products.get(product);
      // Convolutions write f32 alone.
      const joined = pending && (pending.kernel === 'matmul' || type === 'f32') && joinToProduct(chain, product, this.#maxInputs);
      if (joined) return { product, ...joined };
    }
    return undefined;
  }

  #run({ kernel, problem, inputs }: PendingProduct, value: Value, joined?: JoinedChain): void {
    const epilogue = joined ? { epilogue: joined.epilogue } : {};
    const all = [...inputs, ...(joined?.inputs ?? [])];
    if (kernel === 'matmul') this.#calls.run(kernels.matmul, { ...storedProduct(problem, inputs, value), ...epilogue }, all, [value]);
    else this.#calls.run(kernels.convolution, { ...problem, ...epilogue }, all, [value]);
  }
}
