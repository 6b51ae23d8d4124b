// The part of TensorFlow.js that this suite calls; the library itself is installed on first use.

/** A tensor; operations leave their operands alone. */
export interface TfTensor {
  readonly shape: number[];
  add(other: TfTensor | number): TfTensor;
  sub(other: TfTensor | number): TfTensor;
  mul(other: TfTensor | number): TfTensor;
  div(other: TfTensor | number): TfTensor;
  square(): TfTensor;
  sqrt(): TfTensor;
  exp(): TfTensor;
  erf(): TfTensor;
  rsqrt(): TfTensor;
  sum(axis?: number | number[], keepDims?: boolean): TfTensor;
  mean(axis?: number | number[], keepDims?: boolean): TfTensor;
  reshape(shape: readonly number[]): TfTensor;
  transpose(axes: number[]): TfTensor;
  dispose(): void;
  data(): Promise<unknown>;
}

/** A variable of training. */
export interface TfVariable extends TfTensor {
  readonly name: string;
}

/** The library. */
export interface Tf {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  backend(): { ensureCommandEncoderReady(): void; endComputePassEncoder(): void; submitQueue(): void; readonly device: GPUDevice };
  tensor(data: unknown, shape: readonly number[], type: 'float32' | 'int32'): TfTensor;
  scalar(value: number): TfTensor;
  zeros(shape: readonly number[]): TfTensor;
  range(start: number, stop: number): TfTensor;
  variable(value: TfTensor, trainable: boolean, name: string): TfVariable;
  tidy<T>(body: () => T): T;
  grads(fn: (...tensors: TfTensor[]) => TfTensor): (tensors: TfTensor[], slope?: TfTensor) => TfTensor[];
  matMul(a: TfTensor, b: TfTensor, transposeA?: boolean, transposeB?: boolean): TfTensor;
  softmax(x: TfTensor): TfTensor;
  logSoftmax(x: TfTensor): TfTensor;
  oneHot(ids: TfTensor, classes: number): TfTensor;
  gather(table: TfTensor, ids: TfTensor): TfTensor;
  unsortedSegmentSum(rows: TfTensor, ids: TfTensor, count: number): TfTensor;
  argMax(x: TfTensor, axis: number): TfTensor;
  where(condition: TfTensor, a: TfTensor, b: TfTensor): TfTensor;
  lessEqual(a: TfTensor, b: TfTensor): TfTensor;
  pow(base: TfTensor, exponent: TfTensor): TfTensor;
  minimum(a: TfTensor | number, b: TfTensor | number): TfTensor;
  addN(tensors: TfTensor[]): TfTensor;
  concat(tensors: TfTensor[], axis: number): TfTensor;
  split(x: TfTensor, sections: number, axis: number): TfTensor[];
  conv2d(x: TfTensor, filter: TfTensor, strides: [number, number], pad: 'valid' | [number, number][]): TfTensor;
  variableGrads(fn: () => TfTensor, variables: TfVariable[]): { value: TfTensor; grads: Record<string, TfTensor> };
  readonly train: { adam(rate: number, beta1: number, beta2: number, epsilon: number): { applyGradients(grads: Record<string, TfTensor>): void } };
}
