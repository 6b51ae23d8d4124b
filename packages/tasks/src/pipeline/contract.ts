// What rows of pipelines are made of: how images are read where they run, and calls that take one input or many.
import type { GreyImage } from '@hybridmed/data/browser';
import type { CallOptions, ModelSession } from '@hybridmed/model/session';
import type { HostArray } from '@hybridmed/tensor';

/** Reads what people have as images: files in Node, blobs in a page. */
export interface ImageReader<Image> {
  /** The square of `side` pixels that a model reads. Throws one line that names an image that cannot be read. */
  square(image: Image, side: number): Promise<Uint8Array>;
  /** The whole image. */
  grey(image: Image): Promise<GreyImage>;
}

/** A call for one input, which gives one result, or for many, which gives theirs in order. */
export interface OneOrMany<Input, Options, Result> {
  (input: Input, options?: Options): Promise<Result>;
  (inputs: readonly Input[], options?: Options): Promise<Result[]>;
}

/** The same, with something that is asked of every input. */
export interface OneOrManyWith<Input, Argument, Options, Result> {
  (input: Input, argument: Argument, options?: Options): Promise<Result>;
  (inputs: readonly Input[], argument: Argument, options?: Options): Promise<Result[]>;
}

// Inputs of one batch, as `generate` takes them.
const batchSize = 16;

/** Results of inputs, a batch at a time; `from` is the place of a batch's first input. An aborted signal ends it before the next batch, with its reason. */
export async function inBatches<Input, Result>(
  inputs: readonly Input[],
  { signal }: CallOptions,
  run: (batch: readonly Input[], from: number) => Promise<readonly Result[]>,
  size = batchSize,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < inputs.length; from += size) {
    signal?.throwIfAborted();
    results.push(...(await run(inputs.slice(from, from + size), from)));
  }
  return results;
}

/** A call for one or many from one for many. */
export const oneOrMany = <Input, Options, Result>(
  run: (inputs: readonly Input[], options: Options | Record<never, never>) => Promise<Result[]>,
): OneOrMany<Input, Options, Result> =>
  (async (input: Input | readonly Input[], options: Options | Record<never, never> = {}) => {
    if (Array.isArray(input)) return run(input as readonly Input[], options);
    return (await run([input as Input], options))[0]!;
  }) as OneOrMany<Input, Options, Result>;

/** The same, with something that is asked of every input. */
export const oneOrManyWith = <Input, Argument, Options, Result>(
  run: (inputs: readonly Input[], argument: Argument, options: Options | Record<never, never>) => Promise<Result[]>,
): OneOrManyWith<Input, Argument, Options, Result> =>
  (async (input: Input | readonly Input[], argument: Argument, options: Options | Record<never, never> = {}) => {
    if (Array.isArray(input)) return run(input as readonly Input[], argument, options);
    return (await run([input as Input], argument, options))[0]!;
  }) as OneOrManyWith<Input, Argument, Options, Result>;

/** Images as a model reads them, (B, C, H, W). */
export async function preparedImages<Image>({ info, prepare }: ModelSession, read: ImageReader<Image>, images: readonly Image[]): Promise<HostArray> {
  const squares: Uint8Array[] = [];
  for (const image of images) squares.push(await read.square(image, info.image.resize));
  return prepare.images(squares);
}

/** Row `row` of an array (B, ...), cut to `length` of its next dimension where that is given. */
export function rowOf({ data, shape }: HostArray, row: number, length?: number): { data: Float32Array; shape: readonly number[] } {
  const own = shape.slice(1);
  const each = own.reduce((a, b) => a * b, 1);
  const kept = length === undefined ? own : [length, ...own.slice(1)];
  const size = kept.reduce((a, b) => a * b, 1);
  return { data: Float32Array.from(data.subarray(row * each, row * each + size)), shape: kept };
}
