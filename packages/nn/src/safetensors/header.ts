// The header of a safetensors file: an 8-byte length and a JSON object. Nothing in it is trusted; what it may say is what the format's own reader accepts.
import { HybridmedError, sizeOf } from '@hybridmed/tensor';

/** Thrown for a file that is not sound safetensors; names the file, the tensor and what is wrong. */
export class SafetensorsError extends HybridmedError {
  override readonly name = 'SafetensorsError';
}

// Every element type of the format; `decodeInto` reads those that networks are stored in.
const byteSizes = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
} as const;

/** An element type's name in the file. */
export type SafetensorsDtype = keyof typeof byteSizes;

/** Bytes of one element. */
export const bytesOf = (dtype: SafetensorsDtype): number => byteSizes[dtype];

/** One tensor's place in a file. */
export interface SafetensorsEntry {
  readonly dtype: SafetensorsDtype;
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

/** Greatest header that is read, in bytes: hundreds of thousands of tensors. The format allows 100 MB, which parsed would take gigabytes. */
export const maxHeaderBytes = 2 ** 24;

type Fail = (problem: string) => never;

const failIn =
  (file: string): Fail =>
  (problem) => {
    throw new SafetensorsError(`${file}: ${problem}; the file is damaged or not safetensors`);
  };

/** Bytes of the header's JSON, from a file's first 8 bytes. Throws a SafetensorsError where they cannot be. */
export function headerLength(head: Uint8Array, fileSize: number, file: string): number {
  const fail = failIn(file);
  if (head.length < 8) return fail('shorter than its 8-byte header length');
  const length = new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(fileSize - 8)) return fail(`its header claims ${length} bytes of a file of ${fileSize}`);
  if (length > BigInt(maxHeaderBytes)) return fail(`its header claims ${length} bytes, more than the ${maxHeaderBytes} that are read`);
  return Number(length);
}

/** Parses and checks a header from the file's first bytes. `fileSize` is the whole file's. Throws a SafetensorsError. */
export function parseSafetensorsHeader(head: Uint8Array, fileSize: number, file = 'safetensors data'): SafetensorsHeader {
  const fail = failIn(file);
  const length = headerLength(head, fileSize, file);
  if (head.length < 8 + length) return fail('the header was not read whole');
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(head.subarray(8, 8 + length));
    json = JSON.parse(text);
  } catch {
    return fail('its header is not JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return fail('its header is not a JSON object');
  if (memberCount(text) !== Object.keys(json).length) return fail('its header names a tensor twice');
  const { __metadata__: metadata = {}, ...tensors } = json as Record<string, unknown>;
  // A name may be "__proto__": on an object without a prototype it is a name like any other.
  const entries = Object.create(null) as Record<string, SafetensorsEntry>;
  for (const [name, value] of Object.entries(tensors))
    entries[name] = checkEntry(value, fileSize - 8 - length, (problem) => fail(`tensor ${JSON.stringify(name)} ${problem}`));
  checkCover(entries, fileSize - 8 - length, fail);
  return { entries, metadata: checkMetadata(metadata, fail), dataStart: 8 + length };
}

/** Members of the outermost object of a JSON text, doubles included, which JSON.parse drops silently. */
function memberCount(text: string): number {
  let [count, depth] = [0, 0];
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x22) {
      for (i++; text.charCodeAt(i) !== 0x22; i++) if (text.charCodeAt(i) === 0x5c) i++;
    } else if (char === 0x7b || char === 0x5b) depth++;
    else if (char === 0x7d || char === 0x5d) depth--;
    else if (char === 0x3a && depth === 1) count++;
  }
  return count;
}

function checkMetadata(metadata: unknown, fail: Fail): Record<string, string> {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata) || Object.values(metadata).some((value) => typeof value !== 'string'))
    return fail('its "__metadata__" is not an object of strings');
  return metadata as Record<string, string>;
}

function checkEntry(value: unknown, dataSize: number, fail: Fail): SafetensorsEntry {
  const { dtype, shape, data_offsets: range } = (value ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  const whole = (numbers: unknown): numbers is number[] => Array.isArray(numbers) && numbers.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (typeof dtype !== 'string' || !Object.hasOwn(byteSizes, dtype)) return fail(`has dtype ${String(dtype)}; known: ${Object.keys(byteSizes).join(', ')}`);
  if (!whole(shape)) return fail('has no valid shape');
  if (!whole(range) || range.length !== 2) return fail('has no valid data_offsets');
  const bytes = sizeOf(shape) * byteSizes[dtype as SafetensorsDtype];
  const [begin, end] = range as [number, number];
  if (end < begin || end > dataSize) return fail(`lies at bytes ${begin} to ${end} of ${dataSize}`);
  if (end - begin !== bytes) return fail(`has ${end - begin} bytes where its shape [${shape.join(', ')}] needs ${bytes}`);
  return { dtype: dtype as SafetensorsDtype, shape, range: [begin, end] };
}

/** Tensors lie one after another and fill the file: none overlap, nothing is hidden between or after them. */
function checkCover(entries: Readonly<Record<string, SafetensorsEntry>>, dataSize: number, fail: Fail): void {
  const ordered = Object.entries(entries).toSorted(([, { range: a }], [, { range: b }]) => a[0] - b[0] || a[1] - b[1]);
  let [at, before] = [0, ''];
  for (const [name, { range }] of ordered) {
    if (range[0] < at) fail(`tensors ${JSON.stringify(before)} and ${JSON.stringify(name)} overlap`);
    if (range[0] > at) fail(`bytes ${at} to ${range[0]} belong to no tensor`);
    [at, before] = [range[1], name];
  }
  if (at !== dataSize) fail(`its tensors end at byte ${at} of ${dataSize}`);
}
