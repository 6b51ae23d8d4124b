// ONNX models of a few nodes, in the format's own bytes (protocol buffers, onnx.proto3).
import type { Numbers } from '@hybridmed/kernels';

function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

const join = (parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);
const bytes = (id: number, value: Uint8Array): Uint8Array => join([varint((id << 3) | 2), varint(value.length), value]);
const text = (id: number, value: string): Uint8Array => bytes(id, Buffer.from(value));
const integer = (id: number, value: number | bigint): Uint8Array => join([varint(id << 3), varint(value)]);
const single = (id: number, value: number): Uint8Array => join([varint((id << 3) | 5), new Uint8Array(Float32Array.of(value).buffer)]);

/** A constant: numbers, or the whole numbers of shapes and axes. */
export interface OnnxConstant {
  readonly shape: readonly number[];
  readonly data: Numbers | BigInt64Array;
}

/** Whole numbers as ONNX has shapes and axes. */
export const wholes = (...values: readonly number[]): OnnxConstant => ({ shape: [values.length], data: BigInt64Array.from(values, BigInt) });

/** An attribute: the key says whether values are floats or integers. */
export interface OnnxAttributes {
  readonly floats?: Readonly<Record<string, number>>;
  readonly integers?: Readonly<Record<string, number>>;
  readonly lists?: Readonly<Record<string, readonly number[]>>;
  readonly strings?: Readonly<Record<string, string>>;
}

/** A node. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: OnnxAttributes;
  readonly domain?: string;
}

const elementType = (data: OnnxConstant['data']): number => (data instanceof Float32Array ? 1 : data instanceof Int32Array ? 6 : 7);

function attributeParts({ floats = {}, integers = {}, lists = {}, strings = {} }: OnnxAttributes): Uint8Array[] {
  const all = [
    ...Object.entries(floats).map(([name, value]) => [text(1, name), single(2, value), integer(20, 1)]),
    ...Object.entries(integers).map(([name, value]) => [text(1, name), integer(3, value), integer(20, 2)]),
    ...Object.entries(strings).map(([name, value]) => [text(1, name), text(4, value), integer(20, 3)]),
    ...Object.entries(lists).map(([name, values]) => [text(1, name), ...values.map((value) => integer(8, value)), integer(20, 7)]),
  ];
  return all.map((parts) => bytes(5, join(parts)));
}

/** A model without inputs: everything it reads is a constant. `outputs` are names with element types (1 float, 6 int32, 7 int64). */
export function onnxModel(
  nodes: readonly OnnxNode[],
  constants: Readonly<Record<string, OnnxConstant>>,
  outputs: Readonly<Record<string, number>>,
): Uint8Array {
  const node = ({ op, inputs, outputs: written, attributes = {}, domain }: OnnxNode) =>
    join([
      ...inputs.map((name) => text(1, name)),
      ...written.map((name) => text(2, name)),
      text(4, op),
      ...attributeParts(attributes),
      ...(domain === undefined ? [] : [text(7, domain)]),
    ]);
  const tensor = (name: string, { shape, data }: OnnxConstant) =>
    join([
      ...shape.map((size) => integer(1, size)),
      integer(2, elementType(data)),
      text(8, name),
      bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
    ]);
  const value = (name: string, type: number) => join([text(1, name), bytes(2, bytes(1, integer(1, type)))]);
  const graph = join([
    ...nodes.map((each) => bytes(1, node(each))),
    text(2, 'graph'),
    ...Object.entries(constants).map(([name, constant]) => bytes(5, tensor(name, constant))),
    ...Object.entries(outputs).map(([name, type]) => bytes(12, value(name, type))),
  ]);
  return join([integer(1, 9), bytes(7, graph), bytes(8, integer(2, 20)), bytes(8, join([text(1, 'com.microsoft'), integer(2, 1)]))]);
}
