// The safetensors format: an 8-byte header length, a JSON header, then the arrays. Reading trusts nothing in the file.
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';

/** Thrown for a file that is not sound safetensors; names the file, the tensor and what is wrong. */
export class SafetensorsError extends HybridmedError {
  override readonly name = 'SafetensorsError';
}

/** One tensor's place in a file. */
export interface SafetensorsEntry {
  readonly dtype: 'F32' | 'F16' | 'BF16' | 'F64' | 'I32' | 'I64';
  readonly shape: readonly number[];
  /** First and one past the last byte, counted from the end of the header. */
  readonly range: readonly [number, number];
}

/** A parsed header: entries by name, free-form metadata, and where the data starts. */
export interface SafetensorsHeader {
  readonly entries: Readonly<Record<string, SafetensorsEntry>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly dataStart: number;
}

const byteSizes = { F32: 4, F16: 2, BF16: 2, F64: 8, I32: 4, I64: 8 } as const;
const maxHeader = 100_000_000;

/** Parses and checks a header from the file's first bytes. `fileSize` is the whole file's. Throws a SafetensorsError. */
export function parseSafetensorsHeader(head: Uint8Array, fileSize: number, file = 'safetensors data'): SafetensorsHeader {
  const fail = (problem: string): never => {
    throw new SafetensorsError(`${file}: ${problem}; the file is damaged or not safetensors`);
  };
  if (head.length < 8) return fail('shorter than its 8-byte header length');
  const length = Number(new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true));
  if (length > maxHeader || 8 + length > fileSize) return fail(`its header claims ${length} bytes of a file of ${fileSize}`);
  if (head.length < 8 + length) return fail('the header was not read whole');
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(head.subarray(8, 8 + length)));
  } catch {
    return fail('its header is not JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return fail('its header is not a JSON object');
  const { __metadata__: metadata = {}, ...tensors } = json as Record<string, unknown>;
  const entries: Record<string, SafetensorsEntry> = {};
  for (const [name, value] of Object.entries(tensors))
    entries[name] = checkEntry(value, fileSize - 8 - length, (problem) => fail(`tensor "${name}" ${problem}`));
  const ranges = Object.entries(entries).toSorted(([, a], [, b]) => a.range[0] - b.range[0]);
  for (let i = 1; i < ranges.length; i++)
    if (ranges[i]![1].range[0] < ranges[i - 1]![1].range[1]) fail(`tensors "${ranges[i - 1]![0]}" and "${ranges[i]![0]}" overlap`);
  return { entries, metadata: metadata as Record<string, string>, dataStart: 8 + length };
}

function checkEntry(value: unknown, dataSize: number, fail: (problem: string) => never): SafetensorsEntry {
  const { dtype, shape, data_offsets: range } = (value ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  const whole = (numbers: unknown): numbers is number[] => Array.isArray(numbers) && numbers.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (typeof dtype !== 'string' || !Object.hasOwn(byteSizes, dtype)) fail(`has dtype ${String(dtype)}; known: ${Object.keys(byteSizes).join(', ')}`);
  if (!whole(shape)) return fail('has no valid shape');
  if (!whole(range) || range.length !== 2) return fail('has no valid data_offsets');
  const bytes = shape.reduce((product, dim) => product * dim, 1) * byteSizes[dtype as keyof typeof byteSizes];
  const [begin, end] = range as unknown as [number, number];
  if (end < begin || end > dataSize) fail(`lies at bytes ${begin} to ${end} of ${dataSize}`);
  if (end - begin !== bytes) fail(`has ${end - begin} bytes where its shape [${shape.join(', ')}] needs ${bytes}`);
  return { dtype: dtype as SafetensorsEntry['dtype'], shape, range: [begin, end] };
}

/** One tensor's bytes as a host array: floats as f32 (F16 and BF16 widened, F64 narrowed), integers as i32. Throws for an I64 beyond 32 bits. */
export function decodeEntry({ dtype, shape }: SafetensorsEntry, bytes: Uint8Array, name = 'tensor'): HostArray {
  // Node's Buffer has a `slice` of its own, which does not copy.
  const copy = Uint8Array.prototype.slice.call(bytes);
  const { buffer } = copy;
  switch (dtype) {
    case 'F32':
      return { data: new Float32Array(buffer), shape };
    case 'I32':
      return { data: new Int32Array(buffer), shape };
    case 'F64':
      return { data: Float32Array.from(new Float64Array(buffer)), shape };
    case 'I64':
      return {
        data: Int32Array.from(new BigInt64Array(buffer), (value) => {
          if (value !== BigInt.asIntN(32, value)) throw new SafetensorsError(`tensor "${name}" holds ${value}, which does not fit 32 bits`);
          return Number(value);
        }),
        shape,
      };
    case 'BF16':
      return { data: new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer), shape };
    case 'F16':
      return { data: Float32Array.from(new Uint16Array(buffer), halfToFloat), shape };
  }
}

function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** Reads every tensor of a file held in memory. Throws a SafetensorsError. */
export function parseSafetensors(bytes: Uint8Array, file?: string): { arrays: Record<string, HostArray>; metadata: Readonly<Record<string, string>> } {
  const { entries, metadata, dataStart } = parseSafetensorsHeader(bytes, bytes.length, file);
  const arrays = Object.fromEntries(
    Object.entries(entries).map(([name, entry]) => [name, decodeEntry(entry, bytes.subarray(dataStart + entry.range[0], dataStart + entry.range[1]), name)]),
  );
  return { arrays, metadata };
}

/** The header and the arrays, in name order, as chunks to be written one after another. Float arrays are stored as F32, integers as I32. */
export function encodeSafetensors(arrays: HostArrays, metadata: Readonly<Record<string, string>> = {}): Uint8Array[] {
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (const name of Object.keys(arrays).toSorted()) {
    const { data, shape } = arrays[name]!;
    const stored = data instanceof Float64Array ? Float32Array.from(data) : data;
    chunks.push(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength));
    header[name] = { dtype: stored instanceof Int32Array ? 'I32' : 'F32', shape, data_offsets: [offset, offset + stored.byteLength] };
    offset += stored.byteLength;
  }
  const json = JSON.stringify(header);
  const text = new TextEncoder().encode(
    json.padEnd(Math.ceil(new TextEncoder().encode(json).length / 8) * 8 - new TextEncoder().encode(json).length + json.length),
  );
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return [length, text, ...chunks];
}
