// Which tensor of two safetensors files differs first.
import { bytesDifference, jsonDifference } from './compare.mjs';

/** Header and data of a file. */
function parse(bytes) {
  const length = Number(bytes.readBigUInt64LE(0));
  return { header: JSON.parse(bytes.subarray(8, 8 + length).toString()), data: bytes.subarray(8 + length) };
}

const elements = { F32: (bytes, i) => bytes.readFloatLE(4 * i), I32: (bytes, i) => bytes.readInt32LE(4 * i) };

/** Where two tensors of one type and shape part. */
function tensorDifference(name, before, after, dtype) {
  if (before.equals(after)) return undefined;
  const read = elements[dtype];
  if (read === undefined) return `${name}: ${bytesDifference(before, after)}`;
  const count = before.length / 4;
  const differing = Array.from({ length: count }, (_, i) => i).filter((i) => !Object.is(read(before, i), read(after, i)));
  const [first] = differing;
  return `${name}: ${differing.length} of ${count} elements, the first [${first}]: ${read(before, first)}, now ${read(after, first)}`;
}

/** The first difference of two files that are not equal byte for byte. */
export function safetensorsDifference(before, after) {
  const [old, now] = [before, after].map(parse);
  // Metadata has neither.
  const kinds = ({ header }) => Object.fromEntries(Object.entries(header).map(([name, entry]) => [name, entry.dtype ? [entry.dtype, entry.shape] : entry]));
  const difference = jsonDifference(kinds(old), kinds(now));
  if (difference !== undefined) return difference;
  for (const [name, { dtype, data_offsets: span }] of Object.entries(old.header)) {
    if (span === undefined) continue;
    const tensor = tensorDifference(name, old.data.subarray(...span), now.data.subarray(...now.header[name].data_offsets), dtype);
    if (tensor !== undefined) return tensor;
  }
  return bytesDifference(before, after);
}
