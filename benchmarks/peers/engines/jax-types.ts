// The part of jax-js that this suite calls; the library itself is installed on first use.

/** An array: an operation consumes it, `ref` keeps it. */
export interface JaxArray {
  readonly ref: JaxArray;
  readonly shape: number[];
  add(other: JaxArray | number): JaxArray;
  sub(other: JaxArray | number): JaxArray;
  mul(other: JaxArray | number): JaxArray;
  div(other: JaxArray | number): JaxArray;
  reshape(shape: number[]): JaxArray;
  slice(...index: (number | [])[]): JaxArray;
  dispose(): void;
  data(): Promise<unknown>;
}

/** The library. */
export interface Jax {
  init(): Promise<string[]>;
  defaultDevice(name: string): void;
  jit<F>(fn: F): F;
  grad(fn: (...arrays: JaxArray[]) => JaxArray, options?: { argnums?: number | number[] }): (...arrays: JaxArray[]) => JaxArray | JaxArray[];
  valueAndGrad<T, A extends JaxArray[]>(fn: (tree: T, ...arrays: A) => JaxArray): (tree: T, ...arrays: A) => [JaxArray, T];
  blockUntilReady<T>(tree: T): Promise<T>;
  readonly numpy: {
    array(data: unknown, options?: { shape?: number[]; dtype?: string }): JaxArray;
    zeros(shape: number[]): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    matrixTranspose(a: JaxArray): JaxArray;
    transpose(a: JaxArray, axes: number[]): JaxArray;
    concatenate(arrays: JaxArray[], axis: number): JaxArray;
    sum(a: JaxArray, axis?: number): JaxArray;
    mean(a: JaxArray, axis?: number): JaxArray;
    argmax(a: JaxArray, axis: number): JaxArray;
    take(a: JaxArray, ids: JaxArray, axis: number): JaxArray;
    takeAlongAxis(a: JaxArray, ids: JaxArray, axis: number): JaxArray;
    exp(a: JaxArray): JaxArray;
    sqrt(a: JaxArray): JaxArray;
    square(a: JaxArray): JaxArray;
    minimum(a: JaxArray, b: JaxArray | number): JaxArray;
    notEqual(a: JaxArray, b: JaxArray | number): JaxArray;
    broadcastTo(a: JaxArray, shape: number[]): JaxArray;
    split(a: JaxArray, sections: number, axis: number): JaxArray[];
  };
  readonly nn: {
    dotProductAttention(q: JaxArray, k: JaxArray, v: JaxArray, options: { scale: number; isCausal?: boolean; mask?: JaxArray }): JaxArray;
    standardize(x: JaxArray, axis: number | number[], options: { epsilon: number }): JaxArray;
    softmax(x: JaxArray, axis: number): JaxArray;
    logSoftmax(x: JaxArray, axis: number): JaxArray;
    oneHot(ids: JaxArray, classes: number): JaxArray;
    gelu(x: JaxArray, options: { approximate: boolean }): JaxArray;
  };
  readonly lax: { convGeneralDilated(x: JaxArray, weight: JaxArray, strides: number[], padding: [number, number][]): JaxArray };
}
