// The optimizer's SIMD kernels: sum of squares, and AdamW in one pass over parameter, gradient and moments.
import type { Code, ValueType } from './assembler.ts';
import { assemble, wasm } from './assembler.ts';

/** Arrays start at multiples of 32 bytes and are padded with zeros to them. */
export const alignment = 32;

/** Numbers of one AdamW update that all elements of a parameter share. */
export interface AdamWNumbers {
  /** Factor on the gradient: what clipping leaves of it. */
  readonly clip: number;
  readonly beta1: number;
  readonly beta2: number;
  /** Factor on the parameter: 1 - learning rate x weight decay. */
  readonly keep: number;
  /** Learning rate / (1 - beta1^step). */
  readonly rate: number;
  /** 1 / sqrt(1 - beta2^step). */
  readonly root: number;
  readonly epsilon: number;
  readonly ceiling: number;
}

/** The kernels over one memory; arrays are byte offsets, sizes are in bytes. */
export interface Kernels {
  /** Sum of squares in float64, in a fixed order. */
  sumOfSquares(array: number, bytes: number): number;
  /** Updates parameter and moments in place. */
  adamW(
    arrays: { readonly parameter: number; readonly gradient: number; readonly first: number; readonly second: number; readonly bytes: number },
    numbers: AdamWNumbers,
  ): void;
}

const { get, set, f32x4, f64x2 } = wasm;
/** Instructions one after the other. */
const lines = (...codes: readonly Code[]): Code => codes.flat();
const advance = (pointer: number, by: number): Code => lines(get(pointer), wasm.i32(by), wasm.i32Add, set(pointer));

function sumOfSquares(): Code {
  const [pointer, bytes, end, value] = [0, 1, 2, 3];
  const accumulators = [4, 5, 6, 7];
  const body = accumulators.map((accumulator, i) =>
    lines(
      lines(get(pointer), wasm.loadHalf(8 * i), wasm.promote, set(value)),
      lines(get(accumulator), get(value), get(value), f64x2.mul, f64x2.add, set(accumulator)),
    ),
  );
  const total = lines(get(4), get(5), f64x2.add, get(6), get(7), f64x2.add, f64x2.add, set(value));
  return lines(
    lines(get(pointer), get(bytes), wasm.i32Add, set(end)),
    wasm.while(lines(get(pointer), get(end), wasm.i32Less), lines(...body, advance(pointer, 32))),
    lines(total, get(value), wasm.lane64(0), get(value), wasm.lane64(1), wasm.f64Add),
  );
}

const scalars = ['clip', 'beta1', 'rest1', 'beta2', 'rest2', 'keep', 'rate', 'root', 'epsilon', 'ceiling'] as const;

function adamW(): Code {
  const [p, g, m, v, bytes] = [0, 1, 2, 3, 4];
  const end = 5 + scalars.length;
  const [gradient, first, second] = [end + 1, end + 2, end + 3];
  const wide = Object.fromEntries(scalars.map((name, i) => [name, get(end + 4 + i)])) as Record<(typeof scalars)[number], Code>;
  const splats = scalars.map((_, i) => lines(get(5 + i), wasm.splatF32, set(end + 4 + i)));
  const product = (a: Code, b: Code): Code => lines(a, b, f32x4.mul);
  const body = lines(
    lines(product(lines(get(g), wasm.load()), wide.clip), set(gradient)),
    lines(product(lines(get(m), wasm.load()), wide.beta1), product(get(gradient), wide.rest1), f32x4.add, set(first)),
    lines(product(lines(get(v), wasm.load()), wide.beta2), product(product(get(gradient), get(gradient)), wide.rest2), f32x4.add, set(second)),
    lines(get(m), get(first), wasm.store(), get(v), get(second), wasm.store()),
    lines(get(p), product(lines(get(p), wasm.load()), wide.keep)),
    lines(product(get(first), wide.rate), product(lines(get(second), f32x4.sqrt), wide.root), wide.epsilon, f32x4.add, f32x4.div),
    lines(f32x4.sub, wide.ceiling, f32x4.min, wasm.store()),
    ...[p, g, m, v].map((pointer) => advance(pointer, 16)),
  );
  return lines(get(p), get(bytes), wasm.i32Add, set(end), ...splats, wasm.while(lines(get(p), get(end), wasm.i32Less), body));
}

const repeat = (type: ValueType, count: number): ValueType[] => Array.from({ length: count }, () => type);

let compiled: WebAssembly.Module | undefined;

/** The kernels over a memory. */
export function kernelsOver(memory: WebAssembly.Memory): Kernels {
  compiled ??= new WebAssembly.Module(
    assemble([
      { name: 'sumOfSquares', parameters: ['i32', 'i32'], result: 'f64', locals: ['i32', ...repeat('v128', 5)], body: sumOfSquares() },
      {
        name: 'adamW',
        parameters: [...repeat('i32', 5), ...repeat('f32', scalars.length)],
        locals: ['i32', ...repeat('v128', 3 + scalars.length)],
        body: adamW(),
      },
    ]),
  );
  const exported = new WebAssembly.Instance(compiled, { env: { memory } }).exports as Record<string, (...values: number[]) => number>;
  return {
    sumOfSquares: exported.sumOfSquares as Kernels['sumOfSquares'],
    adamW({ parameter, gradient, first, second, bytes }, { clip, beta1, beta2, keep, rate, root, epsilon, ceiling }) {
      exported.adamW!(parameter, gradient, first, second, bytes, clip, beta1, 1 - beta1, beta2, 1 - beta2, keep, rate, root, epsilon, ceiling);
    },
  };
}
