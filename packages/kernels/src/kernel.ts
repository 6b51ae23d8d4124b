// What a kernel is: pure data and functions, from a problem's sizes to shaders and dispatches, with its reference and its cases.

/** Element types of arrays on the device. f16 is for storage: kernels compute in f32, and hosts see f32. */
export type ElementType = 'f32' | 'i32' | 'f16';

/** Numbers of one array on the host. */
export type Numbers = Float32Array | Int32Array;

/** One array that a kernel reads or writes, by the name that its shaders have for it. */
export interface ArraySpec<Name extends string = string> {
  readonly name: Name;
  readonly type: ElementType;
  readonly length: number;
}

/** One array of a problem; of f32 where nothing else is said. */
export const arrayOf = <const Name extends string>(name: Name, length: number, type: ElementType = 'f32'): ArraySpec<Name> => ({ name, type, length });

/** One dispatch. Its shader's binding 0 is a uniform buffer with `parameters`; 1, 2, ... are the arrays `reads`, then the arrays `writes`. */
export interface Dispatch<Name extends string = string> {
  /** For traces and errors. */
  readonly label: string;
  readonly code: string;
  readonly parameters: Uint32Array;
  /** Names of arrays that the shader only reads. */
  readonly reads: readonly Name[];
  /** Names of those that it writes. */
  readonly writes: readonly Name[];
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

/** The arrays of a problem, each with a name of its own. Who runs a kernel gives inputs and takes outputs in this order. */
export interface KernelArrays<Name extends string = string> {
  readonly inputs: readonly ArraySpec<Name>[];
  readonly outputs: readonly ArraySpec<Name>[];
  readonly temporaries?: readonly ArraySpec<Name>[];
}

/** Names of the arrays that a kernel's `arrays` gives: its dispatches can bind no others. */
export type ArrayName<Arrays extends (...problem: never[]) => KernelArrays> = ReturnType<Arrays> extends KernelArrays<infer Name> ? Name : never;

/** A problem that tests and benchmarks run. */
export interface KernelCase<P> {
  readonly name: string;
  readonly problem: P;
  /** Greatest error against the reference, relative to the largest reference value. */
  readonly tolerance: number;
  /** Inputs where random ones will not do (ids, masks); by default numbers in [-1, 1). */
  readonly input?: (array: ArraySpec) => Numbers | undefined;
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
 * Variants of a kernel, which all give a problem's outputs and of which the fastest differs between adapters. A name keeps its meaning: tables
 * of measured choices outlive a process.
 */
export interface Variants<P> {
  /** Names of those an adapter can run, the one that is taken where none was measured first. */
  readonly names: (problem: P, capabilities: Capabilities) => readonly string[];
  /** Problems of one class have the same names, in whatever order, and take the same variant: flags, types, and each size as `sizeClass` has it. */
  readonly shapeClass: (problem: P) => string;
}

/** A size's class: rounded up to a power of two. */
export const sizeClass = (size: number): number => (size <= 1 ? size : 2 ** Math.ceil(Math.log2(size)));

/** The variant of that name, else the first. Throws a RangeError for a name that is not among them. */
export function variantOf<T extends { readonly name: string }>(variants: readonly T[], name: string | undefined): T {
  const variant = name === undefined ? variants[0] : variants.find((one) => one.name === name);
  if (!variant) throw new RangeError(`there is no variant "${name}"; it is one of ${variants.map((one) => one.name).join(', ')}`);
  return variant;
}

/** A kernel. Without reference and cases it does not compile: one harness tests and benchmarks every kernel. */
export interface Kernel<P> {
  /** The folder's name. */
  readonly name: string;
  readonly pass: (problem: P) => 'forward' | 'backward';
  /** Where there is more than one. */
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

/** Elements of a shape: the product of its sizes. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Sum of what each item of a list counts. */
export const sumOf = <T>(list: readonly T[], count: (item: T) => number): number => list.reduce((total, item) => total + count(item), 0);

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
export const bytesOf = ({ inputs, outputs }: KernelArrays): number => sumOf([...inputs, ...outputs], ({ type, length }) => elementBytes(type) * length);
