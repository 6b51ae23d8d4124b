// Products and convolutions that no dispatch computes yet: a chain that alone reads one becomes its epilogue.
import type { ConvolutionProblem, ElementType, MatmulProblem } from '@hybridmed/kernels';
import type { JoinedChain } from './epilogues.ts';
import { joinToProduct } from './epilogues.ts';
import type { Chain, Value } from './values.ts';

/** What is computed: a product of matrices, or a convolution, whose output is one. */
export type Product = { readonly kernel: 'matmul'; readonly problem: MatmulProblem } | { readonly kernel: 'convolution'; readonly problem: ConvolutionProblem };

/** A product, and the arrays that it reads. */
export type PendingProduct = Product & { readonly inputs: readonly Value[] };

/** A chain that leaves with a product. */
export interface Joining extends JoinedChain {
  readonly product: Value;
}

/** The products that wait, by the value that they will be. */
export class PendingProducts {
  readonly #products = new Map<Value, PendingProduct>();

  add(value: Value, product: PendingProduct): void {
    this.#products.set(value, product);
  }

  /** A product that waits no longer; undefined where the value is none. */
  take(value: Value): PendingProduct | undefined {
    const product = this.#products.get(value);
    this.#products.delete(value);
    return product;
  }

  /** The first product whose epilogue a chain can be that is stored as `type`, with at most so many arrays beside the product's own. */
  joiningOf(chain: Chain, type: ElementType, maxInputs: number): Joining | undefined {
    for (const { value: product } of chain.inputs) {
      const pending = this.#products.get(product);
      // Convolutions write f32 alone.
      const joined = pending && (pending.kernel === 'matmul' || type === 'f32') && joinToProduct(chain, product, maxInputs);
      if (joined) return { product, ...joined };
    }
    return undefined;
  }

  /** Products that read one of these arrays. */
  readersOf(arrays: ReadonlySet<Value>): Value[] {
    return [...this.#products].filter(([, { inputs }]) => inputs.some((input) => arrays.has(input))).map(([value]) => value);
  }
}

/** A product of matrices as the problem of arrays as they are stored. */
export function storedProduct(problem: MatmulProblem, [a, b]: readonly Value[], { type }: Value): MatmulProblem {
  const types = [a!.type, b!.type, type] as const;
  return types.includes('f16') ? { ...problem, types: types as NonNullable<MatmulProblem['types']> } : problem;
}
