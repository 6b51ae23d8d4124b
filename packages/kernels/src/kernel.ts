// What a kernel is: pure data and functions, from a problem's sizes to shaders and dispatches, with its reference and its cases.

/** Element types of arrays on the device. f16 is for storage: kernels compute in f32, and hosts see f32. */
export type ElementType = 'f32' | 'i32' | 'f16';

/** Numbers of one array on the host. */
export type Numbers = Float32Array | Int32Array;

/** Length and type of one array a kernel reads or writes. */
export interface ArraySpec {
  readonly type: ElementType;
  readonly length: number;
}

/**
 * One dispatch. `arrays` says which of the kernel's arrays are bound, in the order of the shader's bindings 1, 2, ...: inputs
 * first, then outputs, then temporaries (indices run over `inputs`, `outputs`, `temporaries` of the kernel's arrays). Binding 0 is
 * a uniform buffer with `parameters`.
 */
export interface Dispatch {
  /** For traces and errors. */
  readonly label: string;
  readonly code: string;
  readonly parameters: Uint32Array;
  readonly arrays: readonly number[];
  /** Indices into `arrays` of those the shader writes. */
  readonly writes: readonly number[];
  readonly workgroups: readonly [number, number, number];
  /** Whether all it does is to fill its only array with zeros: whoever encodes it may clear the buffer instead, which most adapters do faster. */
  readonly clears?: boolean;
}

/** What an adapter can do, as far as kernels choose by it. Everything is read from the adapter; nothing is assumed. */
export interface Capabilities {
  /** Runs on the processor: loads and barriers cost more there than arithmetic. */
  readonly software: boolean;
  /** Threads of every subgroup; 0 where the adapter has no subgroups or their size varies. */
  readonly subgroupSize: number;
  /** Has 16-bit floats in shaders. */
  readonly f16: boolean;
  /** Products of f16 matrices that a subgroup can do, summed in f32. */
  readonly subgroupMatrix: readonly SubgroupMatrix[];
}

/** Sizes of a subgroup's product: (m, k) times (k, n); and the threads of a subgroup, the most it may have. */
export interface SubgroupMatrix {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly threads: number;
}

/** What every WebGPU adapter has. */
export const everyAdapter: Capabilities = { software: false, subgroupSize: 0, f16: false, subgroupMatrix: [] };

/** Work of a problem: floating-point operations and the least bytes that must move. */
export interface Cost {
  readonly flops: number;
  readonly bytes: number;
}

/** The arrays of a problem. */
export interface KernelArrays {
  readonly inputs: readonly ArraySpec[];
  readonly outputs: readonly ArraySpec[];
  readonly temporaries?: readonly ArraySpec[];
}

/** A problem that tests and benchmarks run. */
export interface KernelCase<P> {
  readonly name: string;
  readonly problem: P;
  /** Greatest error against the reference, relative to the largest reference value. */
  readonly tolerance: number;
  /** Inputs where random ones will not do (ids, masks); by default numbers in [-1, 1). */
  readonly input?: (index: number, spec: ArraySpec) => Numbers | undefined;
  /** Which pass of a model it belongs to, where the problem alone does not say. */
  readonly pass?: 'forward' | 'backward';
  /** Needs 16-bit floats in shaders. */
  readonly f16?: boolean;
  /** Its shaders for other kinds of adapters, and its other variants, take long to compile on a processor, or are those of other cases: tested only as the adapter itself runs it. */
  readonly own?: boolean;
  /** Too large for a test on a software adapter: benchmarks only. */
  readonly large?: boolean;
}

/**
 * Ways to compute a problem that all give its outputs, of which the fastest differs between adapters. A name keeps its meaning: tables of
 * measured choices outlive a process.
 */
export interface Variants<P> {
  /** Names of those an adapter can run, the one that is taken where none was measured first. */
  readonly names: (problem: P, capabilities: Capabilities) => readonly string[];
  /** Problems of one class have the same names, in whatever order, and take the same variant: flags, types, and each size as `sizeClass` has it. */
  readonly shapeClass: (problem: P) => string;
}

/** A size's class: rounded up to a power of two. */
export const sizeClass = (size: number): number => (size <= 1 ? size : 2 ** Math.ceil(Math.log2(size)));

/** The one of some named ways that is asked for, else the first. Throws a RangeError for a name that is not among them. */
export function variantOf<T extends { readonly name: string }>(ways: readonly T[], name: string | undefined): T {
  const found = name === undefined ? ways[0] : ways.find((way) => way.name === name);
  if (!found) throw new RangeError(`there is no variant "${name}"; it is one of ${ways.map((way) => way.name).join(', ')}`);
  return found;
}

/** A kernel. Without reference and cases it does not compile: one harness tests and benchmarks every kernel. */
export interface Kernel<P> {
  /** The folder's name. */
  readonly name: string;
  readonly pass: (problem: P) => 'forward' | 'backward';
  /** Where there is more than one way. */
  readonly variants?: Variants<P>;
  /** Temporaries may depend on the adapter and the variant, inputs and outputs do not. */
  readonly arrays: (problem: P, capabilities?: Capabilities, variant?: string) => KernelArrays;
  /** Dispatches in order, for an adapter (by default for any) and a variant (by default the first); none where there is nothing to write. */
  readonly dispatches: (problem: P, capabilities?: Capabilities, variant?: string) => readonly Dispatch[];
  readonly cost: (problem: P) => Cost;
  /** The same outputs on the host, sums in float64. */
  readonly reference: (problem: P, inputs: readonly Numbers[]) => readonly Numbers[];
  readonly cases: readonly KernelCase<P>[];
}

/** Product of sizes. */
export const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** Row-major strides of a shape. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

/** Bytes of one element. */
export const elementBytes = (type: ElementType): number => (type === 'f16' ? 2 : 4);

/** Bytes of all arrays of a problem, each once. */
export const bytesOf = ({ inputs, outputs }: KernelArrays): number =>
  [...inputs, ...outputs].reduce((total, { type, length }) => total + elementBytes(type) * length, 0);
