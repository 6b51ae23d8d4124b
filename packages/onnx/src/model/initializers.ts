// Constants and weights of a model: inside its file, or in a second one where they are too large for the format's messages.
import type { ElementType } from './proto.ts';
import { elementTypes } from './proto.ts';

/** A model as files: its own bytes, and the bytes of the file that holds its weights where they are outside. */
export interface OnnxFile {
  readonly model: Uint8Array;
  /** The second file, in pieces; its name is what the model refers to. */
  readonly external?: { readonly name: string; readonly chunks: readonly Uint8Array[] };
}

/** Options of writing a model. */
export interface BuildOptions {
  /** Name of the second file, beside the model's. */
  readonly externalName?: string;
  /** Weights of more bytes than this go to the second file; 2 GiB less some room by default, the most a protobuf message can hold. */
  readonly inlineLimit?: number;
  /** Writes nodes so that ONNX Runtime computes what ends the graph as soon as the trace does; adds outputs that nobody has to read. */
  readonly endsAsTraced?: boolean;
}

/** One constant. */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

/** Small constants stay inside: engines read shapes and axes while they load. */
const smallest = 1024;
/** Arrays start at whole pages, so that an engine can map them. */
const page = 4096;

/** The tensors of a model as the format has them, and the second file where one is needed. */
export function placeInitializers(
  all: readonly Initializer[],
  { externalName = 'model.onnx.data', inlineLimit = 2 ** 31 - 2 ** 26 }: BuildOptions,
): { tensors: object[]; external?: NonNullable<OnnxFile['external']> } {
  const own = ({ name, type, dims }: Initializer) => ({ name, dataType: elementTypes[type], dims: [...dims] });
  const total = all.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (total <= inlineLimit) return { tensors: all.map((one) => ({ ...own(one), rawData: one.bytes })) };
  const chunks: Uint8Array[] = [];
  let offset = 0;
  const tensors = all.map((one) => {
    if (one.bytes.length < smallest) return { ...own(one), rawData: one.bytes };
    const entries = { location: externalName, offset, length: one.bytes.length };
    const padding = (page - (one.bytes.length % page)) % page;
    chunks.push(one.bytes, new Uint8Array(padding));
    offset += one.bytes.length + padding;
    return { ...own(one), dataLocation: 1, externalData: Object.entries(entries).map(([key, value]) => ({ key, value: String(value) })) };
  });
  return { tensors, external: { name: externalName, chunks } };
}
