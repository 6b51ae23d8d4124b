// The part of the ONNX format (onnx.proto3) that lowered graphs use, for protobufjs.
import protobuf from 'protobufjs';

const field = (type: string, id: number, repeated = false) => ({ type, id, ...(repeated ? { rule: 'repeated' } : {}) });

const root = protobuf.Root.fromJSON({
  nested: {
    AttributeProto: {
      fields: {
        name: field('string', 1),
        f: field('float', 2),
        i: field('int64', 3),
        s: field('bytes', 4),
        t: field('TensorProto', 5),
        floats: field('float', 7, true),
        ints: field('int64', 8, true),
        type: field('int32', 20),
      },
    },
    NodeProto: {
      fields: {
        input: field('string', 1, true),
        output: field('string', 2, true),
        name: field('string', 3),
        opType: field('string', 4),
        domain: field('string', 7),
        attribute: field('AttributeProto', 5, true),
      },
    },
    StringStringEntryProto: { fields: { key: field('string', 1), value: field('string', 2) } },
    TensorProto: {
      fields: {
        dims: field('int64', 1, true),
        dataType: field('int32', 2),
        name: field('string', 8),
        rawData: field('bytes', 9),
        externalData: field('StringStringEntryProto', 13, true),
        dataLocation: field('int32', 14),
      },
    },
    Dimension: { fields: { dimValue: field('int64', 1), dimParam: field('string', 2) }, oneofs: { value: { oneof: ['dimValue', 'dimParam'] } } },
    TensorShapeProto: { fields: { dim: field('Dimension', 1, true) } },
    TypeProtoTensor: { fields: { elemType: field('int32', 1), shape: field('TensorShapeProto', 2) } },
    TypeProto: { fields: { tensorType: field('TypeProtoTensor', 1) } },
    ValueInfoProto: { fields: { name: field('string', 1), type: field('TypeProto', 2) } },
    GraphProto: {
      fields: {
        node: field('NodeProto', 1, true),
        name: field('string', 2),
        initializer: field('TensorProto', 5, true),
        input: field('ValueInfoProto', 11, true),
        output: field('ValueInfoProto', 12, true),
        valueInfo: field('ValueInfoProto', 13, true),
      },
    },
    OperatorSetIdProto: { fields: { domain: field('string', 1), version: field('int64', 2) } },
    ModelProto: {
      fields: {
        irVersion: field('int64', 1),
        producerName: field('string', 2),
        producerVersion: field('string', 3),
        opsetImport: field('OperatorSetIdProto', 8, true),
        graph: field('GraphProto', 7),
      },
    },
  },
});

const modelType = root.lookupType('ModelProto');

/** ONNX element types. */
export const elementTypes = { f32: 1, i8: 3, i32: 6, i64: 7, bool: 9, f16: 10, f64: 11 } as const;

/** Names of element types. */
export type ElementType = keyof typeof elementTypes;

/** Serializes a model given as a plain object of the format's fields. */
export function encodeModel(model: object): Uint8Array {
  return modelType.encode(modelType.create(model)).finish();
}
