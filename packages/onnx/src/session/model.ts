// Any ONNX file, run by ONNX Runtime on host arrays: exported models, and encoders of other tools.
import type { HostArray, HostArrays, TensorSpec } from '@hybridmed/tensor';
import { DeviceError } from '@hybridmed/tensor';
import type { InferenceSession } from 'onnxruntime-node';
import { InferenceSession as Session, Tensor as OrtTensor } from './runtime.ts';

/** A loaded model. Sizes that stay open are strings, as the file names them. */
export interface OnnxModel {
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  readonly outputs: Readonly<Record<string, TensorSpec>>;
  /**
   * Runs once. Whole numbers are given and returned as i32 whatever whole type the model has, numbers as f32. Throws a DeviceError for
   * an input that is missing or does not fit.
   */
  run(inputs: HostArrays): Promise<Record<string, HostArray>>;
  /** Frees the model. */
  close(): Promise<void>;
}

const floats = new Set<string>(['float32', 'float64', 'float16']);
const wholes = new Set<string>(['int32', 'int64', 'int16', 'int8', 'uint8', 'bool']);

const oneLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!;

/** The type and shape of each value. Throws a DeviceError for one that no host array can hold. */
function specsOf(file: string, values: readonly InferenceSession.ValueMetadata[]): { specs: Record<string, TensorSpec>; types: Record<string, string> } {
  const entries = values.map((value) => {
    if (!value.isTensor || !(floats.has(value.type) || wholes.has(value.type)))
      throw new DeviceError('onnx', `${file}: "${value.name}" is of type ${value.isTensor ? value.type : 'sequence or map'}; models of numbers are run`);
    const shape = value.shape.map((dim, axis) => (dim === '' || dim === -1 ? `${value.name}.${axis}` : dim));
    return { name: value.name, type: value.type as string, spec: { shape, dtype: floats.has(value.type) ? 'f32' : 'i32' } as TensorSpec };
  });
  return {
    specs: Object.fromEntries(entries.map(({ name, spec }) => [name, spec])),
    types: Object.fromEntries(entries.map(({ name, type }) => [name, type])),
  };
}

function given(type: string, { data, shape }: HostArray): OrtTensor {
  if (type === 'int64') return new OrtTensor('int64', BigInt64Array.from(data, BigInt), shape);
  if (type === 'float32') return new OrtTensor('float32', data instanceof Float32Array ? data : Float32Array.from(data), shape);
  if (type === 'float64') return new OrtTensor('float64', Float64Array.from(data), shape);
  if (type === 'int32') return new OrtTensor('int32', data instanceof Int32Array ? data : Int32Array.from(data), shape);
  if (type === 'bool') return new OrtTensor('bool', Uint8Array.from(data, Number), shape);
  throw new DeviceError('onnx', `inputs of type ${type} are not supported; export the model with f32 or whole-number inputs`);
}

function returned({ data, dims, type }: OrtTensor): HostArray {
  const shape = [...dims];
  if (data instanceof Float32Array || data instanceof Int32Array) return { data, shape };
  return { data: type === 'float64' ? Float32Array.from(data as Float64Array) : Int32Array.from(data as unknown as ArrayLike<number>, Number), shape };
}

/**
 * Opens an ONNX file (by path, so that weights beside it are found, or its bytes). Throws a DeviceError that names the file where
 * ONNX Runtime refuses it.
 */
export async function openOnnx(source: string | Uint8Array, { threads }: { readonly threads?: number } = {}): Promise<OnnxModel> {
  const file = typeof source === 'string' ? source : 'model';
  const options: InferenceSession.SessionOptions = { logSeverityLevel: 3, ...(threads === undefined ? {} : { intraOpNumThreads: threads }) };
  const session = await (typeof source === 'string' ? Session.create(source, options) : Session.create(source, options)).catch((error: unknown) =>
    Promise.reject(new DeviceError('onnx', `${file}: ONNX Runtime refused it: ${oneLine(error)}`)),
  );
  const [inputs, outputs] = [specsOf(file, session.inputMetadata), specsOf(file, session.outputMetadata)];
  return {
    inputs: inputs.specs,
    outputs: outputs.specs,
    async run(arrays) {
      const feeds: Record<string, OrtTensor> = {};
      for (const [name, { shape }] of Object.entries(inputs.specs)) {
        const array = arrays[name];
        if (!array) throw new DeviceError('onnx', `${file}: input "${name}" is missing; give [${shape.join(', ')}]`);
        if (array.shape.length !== shape.length || shape.some((dim, axis) => typeof dim === 'number' && dim !== array.shape[axis]))
          throw new DeviceError('onnx', `${file}: input "${name}" has shape [${array.shape.join(', ')}], needs [${shape.join(', ')}]`);
        feeds[name] = given(inputs.types[name]!, array);
      }
      try {
        const values = (await session.run(feeds)) as Record<string, OrtTensor>;
        return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, returned(value)]));
      } catch (error) {
        throw new DeviceError('onnx', `${file}: the run failed: ${oneLine(error)}`);
      }
    },
    close: () => session.release(),
  };
}
