// Encoders from modules that a user names: loads them, and validates what they return before anything is trained with it.
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TextEncoderOptions, VisionEncoderOptions } from '@hybridmed/model';
import type { ParameterSpecs, TextEncoder, VisionEncoder } from '@hybridmed/nn';
import { parameterSpecs, rootScope } from '@hybridmed/nn';
import type { Tensor, TensorSpec } from '@hybridmed/tensor';
import { HybridmedError, trace } from '@hybridmed/tensor';

/** The address of a specifier: a file from the working folder, else a package resolved from there. */
function locate(specifier: string): string {
  const file = resolve(specifier);
  const entry = statSync(file, { throwIfNoEntry: false });
  if (entry?.isFile()) return pathToFileURL(file).href;
  if (entry && /^[./]/.test(specifier)) throw new HybridmedError(`${specifier}: is a folder; name the module's file in it`);
  if (/^[./]/.test(specifier) || /\.[cm]?[jt]s$/.test(specifier)) throw new HybridmedError(`${specifier}: does not exist; name a module's file or a package`);
  try {
    return pathToFileURL(createRequire(join(process.cwd(), 'package.json')).resolve(specifier)).href;
  } catch {
    // A package for import alone is resolved from this package.
    return specifier;
  }
}

/** Imports a module and creates its encoder. Throws one line that names the module and what went wrong in it. */
async function createEncoder<T, O>(specifier: string, name: 'createVisionEncoder' | 'createTextEncoder', options: O): Promise<T> {
  const href = locate(specifier);
  const failed = (error: unknown): never => {
    if (process.env.HYBRIDMED_DEBUG) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND' && href === specifier && String(error).includes(`'${specifier}'`))
      throw new HybridmedError(`${specifier}: is neither a file here nor a package that is installed; name a module's file or a package`);
    throw new HybridmedError(`${specifier}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)} (set HYBRIDMED_DEBUG=1 for where)`);
  };
  const create = ((await import(href).catch(failed)) as Record<string, unknown>)[name];
  if (typeof create !== 'function') throw new HybridmedError(`${specifier}: exports no function ${name}; see "Your own encoder" in the README of hybridmed`);
  try {
    return (await (create as (options: O) => T | Promise<T>)(options)) as T;
  } catch (error) {
    return failed(error);
  }
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0;

/** Traces an encoder and checks its features against the sizes that it states. */
function checkFeatures(
  specifier: string,
  parameters: ParameterSpecs,
  data: Record<string, TensorSpec>,
  call: (inputs: Readonly<Record<string, Tensor>>, state: Readonly<Record<string, Tensor>>) => { tokens: Tensor; global: Tensor },
  expected: { readonly tokens: readonly (number | string)[]; readonly global: readonly (number | string)[] },
): void {
  let shapes: Record<string, readonly (number | string)[] | undefined> = {};
  try {
    trace({ data, state: parameterSpecs(parameters) }, (inputs, values) => {
      const { tokens, global } = call(inputs, values);
      shapes = { tokens: tokens?.shape as (number | string)[] | undefined, global: global?.shape as (number | string)[] | undefined };
      return { results: { tokens, global } };
    });
  } catch (error) {
    throw new HybridmedError(`${specifier}: tracing its encoder fails: ${(error as Error).message.split('\n')[0]}`);
  }
  for (const [feature, shape] of Object.entries(expected))
    if (shapes[feature]?.join() !== shape.join())
      throw new HybridmedError(
        `${specifier}: its encoder gives "${feature}" of shape [${shapes[feature]?.join(', ') ?? ''}] where [${shape.join(', ')}] is due`,
      );
}

const checkNumbers = (specifier: string, numbers: Readonly<Record<string, unknown>>): void => {
  const wrong = Object.entries(numbers).find(([, value]) => !isCount(value));
  if (wrong) throw new HybridmedError(`${specifier}: "${wrong[0]}" of its encoder is ${String(wrong[1])}; it must be a whole number of at least 1`);
};

/** The vision encoder of a module. Throws one line that names the module. */
export async function moduleVision(specifier: string, options: VisionEncoderOptions): Promise<VisionEncoder> {
  const encoder = await createEncoder<VisionEncoder, VisionEncoderOptions>(specifier, 'createVisionEncoder', options);
  const { width, tokenCount, image, frozen, parameters } = encoder ?? ({} as VisionEncoder);
  checkNumbers(specifier, { width, tokenCount, 'image.size': image?.size, 'image.channels': image?.channels });
  const shape = ['B', ...(frozen?.shape ?? [image.channels, image.size, image.size])];
  checkFeatures(specifier, parameters ?? {}, { image: { shape, dtype: 'f32' } }, (inputs, state) => encoder.call(rootScope(state), inputs.image!), {
    tokens: ['B', tokenCount, width],
    global: ['B', width],
  });
  return encoder;
}

/** The text encoder of a module. Throws one line that names the module. */
export async function moduleText(specifier: string, options: TextEncoderOptions): Promise<TextEncoder> {
  const encoder = await createEncoder<TextEncoder, TextEncoderOptions>(specifier, 'createTextEncoder', options);
  const { width, vocabulary, maxTokens, parameters } = encoder ?? ({} as TextEncoder);
  checkNumbers(specifier, { width, vocabulary, maxTokens });
  if (vocabulary < options.vocabulary)
    throw new HybridmedError(`${specifier}: its encoder knows ${vocabulary} token ids, the run's vocabulary has ${options.vocabulary}`);
  checkFeatures(
    specifier,
    parameters ?? {},
    { ids: { shape: ['B', 'L'], dtype: 'i32' }, mask: { shape: ['B', 'L'], dtype: 'f32' } },
    (inputs, state) => encoder.call(rootScope(state), inputs.ids!, inputs.mask!),
    { tokens: ['B', 'L', width], global: ['B', width] },
  );
  return encoder;
}
