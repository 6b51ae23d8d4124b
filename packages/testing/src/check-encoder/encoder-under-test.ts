// An encoder under test: parameters in general position, inputs, and its features computed in float64.
import type { TextEncoder, VisionEncoder } from '@hybridmed/nn';
import { initialize, parameterSpecs, rootScope } from '@hybridmed/nn';
import type { HostArray, HostArrays, Program, Tensor, Tensors, TensorSpec } from '@hybridmed/tensor';
import { mix32, sizeOf, trace, uniformAt } from '@hybridmed/tensor';
import { inputSpecs, isText } from './inputs.ts';

/** Reports a fault. */
export type ReportProblem = (check: string, problem: string) => void;

/** Features by name. */
export type Features = Record<string, HostArray>;

/** What the checks work with. */
export interface EncoderUnderTest {
  readonly kind: 'vision' | 'text';
  readonly encoder: VisionEncoder | TextEncoder;
  /** Float64 values, away from the zeros and ones of start values, so that no check passes by chance. */
  readonly parameters: HostArrays;
  /** Inputs of a number of studies: the first ones are always the same. Texts have `length` tokens, none masked. */
  inputs(studies: number, length?: number): Promise<HostArrays>;
  /** Features in evaluation mode. */
  run(inputs: HostArrays): Promise<Features>;
  /** A program over the inputs, the parameters (as `ownInputs` names them) and `extra`, traced with symbols for batch and length. */
  compiled(results: (own: Tensors, inputs: Tensors) => Tensors, extra?: Record<string, TensorSpec>): Promise<Program>;
}

/** Calls an encoder on traced inputs. */
export function callEncoder(
  encoder: VisionEncoder | TextEncoder,
  own: Tensors,
  inputs: Tensors,
  training = false,
): { tokens: Tensor; global: Tensor; importance?: Tensor } {
  const scope = rootScope(own, { training });
  return isText(encoder) ? encoder.call(scope, inputs.ids!, inputs.mask!) : encoder.call(scope, inputs.image!);
}

/** Parameters under the names that programs take them by, apart from the inputs'. */
export const ownInputs = (parameters: HostArrays): HostArrays => Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`own.${name}`, value]));

/** Even numbers in [-1, 1), by index. */
export const noise = (seed: number, length: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => 2 * uniformAt([mix32(seed), mix32(seed + 1)], 0, i) - 1);

function generalParameters(encoder: VisionEncoder | TextEncoder, seed: number): HostArrays {
  const start = initialize(encoder.parameters, seed);
  return Object.fromEntries(
    Object.entries(encoder.parameters).map(([name, { shape, buffer }], index) => {
      const shift = noise(seed + 101 * (index + 1), sizeOf(shape));
      // Running statistics stay as they are: a variance must be positive.
      return [name, { data: Float64Array.from(start[name]!.data, (value, i) => (buffer ? value : value + 0.2 * shift[i]!)), shape }];
    }),
  );
}

/** Prepares an encoder for its checks. */
export async function prepareEncoder(encoder: VisionEncoder | TextEncoder, seed: number): Promise<EncoderUnderTest> {
  const { plainDevice } = await import('@hybridmed/gpujs');
  const device = plainDevice({ precision: 'f64' });
  // Traced with symbols for batch and length, as the trainer traces.
  const compiled = (results: (own: Tensors, inputs: Tensors) => Tensors, extra: Record<string, TensorSpec> = {}): Promise<Program> => {
    const own = parameterSpecs(encoder.parameters, 'own.');
    return Promise.resolve(
      device.compile(
        trace({ data: { ...inputSpecs(encoder), ...own, ...extra } }, (values) => {
          const parameterValues = Object.entries(values).flatMap(([name, value]) => (name.startsWith('own.') ? [[name.slice(4), value] as const] : []));
          return { results: results(Object.fromEntries(parameterValues), values) };
        }),
      ),
    );
  };
  const forward = await compiled((own, inputs) => ({ ...callEncoder(encoder, own, inputs) }));
  const parameters = generalParameters(encoder, seed);
  const inputs = async (studies: number, length?: number): Promise<HostArrays> => {
    if (isText(encoder)) {
      const count = length ?? Math.min(encoder.maxTokens, 7);
      const ids = Int32Array.from({ length: studies * count }, (_, i) =>
        Math.floor(((noise(seed + 7 + Math.floor(i / count), count)[i % count]! + 1) / 2) * encoder.vocabulary),
      );
      return { ids: { data: ids, shape: [studies, count] }, mask: { data: new Float64Array(studies * count).fill(1), shape: [studies, count] } };
    }
    const { size, channels } = encoder.image;
    const shape = [1, channels, size, size];
    const images = Array.from({ length: studies }, (_, i) => noise(seed + 7 + i, sizeOf(shape)));
    const encoderInputs = await Promise.all(images.map((data) => throughFrozenPart(encoder, { data: Float32Array.from(data), shape })));
    const [, ...rest] = encoderInputs[0]!.shape as [number, ...number[]];
    const data = new Float64Array(studies * sizeOf(rest));
    encoderInputs.forEach((input, i) => data.set(input.data, i * sizeOf(rest)));
    return { image: { data, shape: [studies, ...rest] } };
  };
  return {
    kind: isText(encoder) ? 'text' : 'vision',
    encoder,
    parameters,
    inputs,
    compiled,
    run: (batch) => forward.run({ ...ownInputs(parameters), ...batch }),
  };
}

/** What the frozen part of an encoder makes of an image; the image itself where there is none. */
const throughFrozenPart = async ({ frozen }: VisionEncoder, image: HostArray): Promise<HostArray> => (frozen ? frozen.run(image) : image);
