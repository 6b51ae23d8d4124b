import { decodeEntry, encodeSafetensors, openSafetensors, parseSafetensors, parseSafetensorsHeader, SafetensorsError } from '@hybridmed/nn';
import { array } from '@hybridmed/tensor';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const join = (chunks: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(chunks));
const arrays = { b: { data: Int32Array.of(1, -2), shape: [2] }, a: array([1, 2, 3, 4, 5, 6], [2, 3]), none: { data: new Float32Array(0), shape: [0, 3] } };

/** A file of this header and `size` zero bytes of data; the header's length is claimed as it is unless given. */
const withHeader = (header: unknown, size = 64, claimed?: bigint): Uint8Array => {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + size);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
};

test('arrays survive a round trip, with metadata', () => {
  const { arrays: read, metadata } = parseSafetensors(join(encodeSafetensors(arrays, { made: 'here' })));
  expect(read).toEqual(arrays);
  expect(metadata).toEqual({ made: 'here' });
});

describe('elements of every width become f32 and i32', () => {
  const bytes = (typed: { buffer: ArrayBufferLike }) => new Uint8Array(typed.buffer);
  test.each([
    ['F16', Uint16Array.of(0x3c00, 0xc100, 0x0001, 0x7c00), [1, -2.5, 2 ** -24, Infinity]],
    ['BF16', Uint16Array.of(0x3f80, 0xc040), [1, -3]],
    ['F64', Float64Array.of(0.5), [0.5]],
    ['I64', BigInt64Array.of(-7n), [-7]],
    ['U32', Uint32Array.of(7), [7]],
    ['I16', Int16Array.of(-3), [-3]],
    ['U8', Uint8Array.of(200), [200]],
    ['BOOL', Uint8Array.of(1, 0), [1, 0]],
  ] as const)('%s', (dtype, typed, values) => {
    const entry = { dtype, shape: [values.length], range: [0, typed.byteLength] } as const;
    expect([...decodeEntry(entry, bytes(typed)).data]).toEqual(values);
  });

  test('numbers beyond 32 bits and 8-bit floats are refused by name', () => {
    expect(() => decodeEntry({ dtype: 'I64', shape: [1], range: [0, 8] }, bytes(BigInt64Array.of(2n ** 40n)), 'ids')).toThrow('"ids" holds 1099511627776');
    expect(() => decodeEntry({ dtype: 'F8_E4M3', shape: [1], range: [0, 1] }, Uint8Array.of(1), 'scaled')).toThrow('"scaled" is of F8_E4M3');
  });
});

const f32 = (shape: readonly number[], from: number, to: number) => ({ dtype: 'F32', shape, data_offsets: [from, to] });

describe('what is not sound is refused in one line', () => {
  test.each<[string, Uint8Array, RegExp]>([
    ['a header past the end', Uint8Array.of(255, 0, 0, 0, 0, 0, 0, 0, 1), /claims 255 bytes of a file of 9/],
    ['a header of 2^63 bytes', withHeader('{}', 0, 2n ** 63n), /claims 9223372036854775808 bytes/],
    ['no header', Uint8Array.of(1, 2), /shorter than its 8-byte header length/],
    ['no JSON', withHeader('{'), /not JSON/],
    ['no UTF-8', withHeader('{}', 0).map((byte, i) => (i >= 8 ? 0xff : byte)), /not JSON/],
    ['a list', withHeader('[]'), /not a JSON object/],
    ['deep nesting', withHeader('['.repeat(200_000), 0), /not JSON/],
    ['an unknown dtype', withHeader({ x: { dtype: 'F8', shape: [1], data_offsets: [0, 1] } }), /dtype F8/],
    ['a dtype of every object', withHeader({ x: { dtype: 'constructor', shape: [1], data_offsets: [0, 1] } }), /dtype constructor/],
    ['a negative shape', withHeader({ x: f32([-1], 0, 4) }), /no valid shape/],
    ['a shape that is no list', withHeader({ x: { dtype: 'F32', shape: 4, data_offsets: [0, 4] } }), /no valid shape/],
    ['a shape past all numbers', withHeader({ x: f32([2 ** 52, 2 ** 52], 0, 4) }), /needs/],
    ['negative offsets', withHeader({ x: f32([1], -4, 0) }), /no valid data_offsets/],
    ['offsets past the end', withHeader({ x: f32([40], 0, 160) }), /lies at bytes 0 to 160 of 64/],
    ['offsets backwards', withHeader({ x: f32([1], 8, 4) }), /lies at bytes 8 to 4/],
    ['too few bytes', withHeader({ x: f32([3], 0, 8) }), /8 bytes where its shape \[3\] needs 12/],
    ['overlapping tensors', withHeader({ x: f32([2], 0, 8), y: f32([2], 4, 12) }), /"x" and "y" overlap/],
    ['one place for two', withHeader({ x: f32([2], 0, 8), y: f32([2], 0, 8) }, 8), /"x" and "y" overlap/],
    ['a gap', withHeader({ x: f32([1], 0, 4), y: f32([1], 8, 12) }, 12), /bytes 4 to 8 belong to no tensor/],
    ['bytes after the last', withHeader({ x: f32([1], 0, 4) }, 8), /end at byte 4 of 8/],
    [
      'a name twice',
      withHeader('{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', 8),
      /names a tensor twice/,
    ],
    ['null', withHeader({ x: null }), /"x" has dtype undefined/],
    ['metadata of numbers', withHeader({ __metadata__: { a: 1 } }, 0), /not an object of strings/],
  ])('%s', async (_, bytes, message) => {
    const parsers: readonly (() => unknown)[] = [() => parseSafetensors(bytes, 'file.safetensors'), () => openSafetensors(bytes)];
    for (const parse of parsers) {
      const error = await Promise.resolve()
        .then(parse)
        .then(
          () => undefined,
          (problem: unknown) => problem as Error,
        );
      expect(error).toBeInstanceOf(SafetensorsError);
      expect(error!.message).toMatch(message);
      expect(error!.message).toMatch(/^(?:file\.safetensors|safetensors data): [^\n]+$/);
    }
  });

  test('a header of 100 MB, without reading it', async () => {
    const size = 200_000_000;
    const read = async (position: number, into: Uint8Array) => {
      expect(position + into.length).toBeLessThanOrEqual(8);
      new DataView(into.buffer, into.byteOffset).setBigUint64(0, 100_000_000n, true);
    };
    await expect(openSafetensors({ label: 'big', size, read })).rejects.toThrow(
      /^big: its header claims 100000000 bytes, more than the 16777216 that are read/,
    );
  });

  test('names of every object are names like any other', () => {
    const { arrays: read } = parseSafetensors(
      withHeader('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"constructor":{"dtype":"F32","shape":[],"data_offsets":[4,8]}}', 8),
    );
    expect(Object.keys(read).toSorted()).toEqual(['__proto__', 'constructor']);
  });
});

describe('10,000 random mutations give an answer or a SafetensorsError, and no read outside the file', () => {
  const sound = join(encodeSafetensors(arrays));
  const headerEnd = 8 + Number(new DataView(sound.buffer).getBigUint64(0, true));

  /** Opens and reads everything through a source that knows its bounds. */
  const readAll = async (bytes: Uint8Array): Promise<void> => {
    const read = async (position: number, into: Uint8Array) => {
      expect(position >= 0 && position + into.length <= bytes.length).toBe(true);
      into.set(bytes.subarray(position, position + into.length));
    };
    try {
      const file = await openSafetensors({ label: 'mutated', size: bytes.length, read });
      for (const name of Object.keys(file.entries)) expect((await file.read(name)).shape).toEqual(file.entries[name]!.shape);
    } catch (error) {
      if (!(error instanceof SafetensorsError)) throw error;
    }
  };

  test('of bytes anywhere, and cuts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(sound.length),
        async (changes, cut) => {
          const bytes = sound.slice(0, cut < sound.length / 4 ? cut : sound.length);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          await readAll(bytes);
        },
      ),
      { numRuns: 5000 },
    );
  });

  test('of numbers and letters in the header, which stays JSON', async () => {
    const text = new TextDecoder().decode(sound.subarray(8, headerEnd));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(text.length - 1), fc.constantFrom(...'0123456789-.,e"[]{}FIB:')), { minLength: 1, maxLength: 4 }),
        async (changes) => {
          const chars = [...text];
          for (const [at, char] of changes) chars[at] = char;
          await readAll(join([withHeader(chars.join(''), 0), sound.subarray(headerEnd)]));
        },
      ),
      { numRuns: 5000 },
    );
  });
});

describe('reading in slices', () => {
  test('a header is read from its own bytes alone', () => {
    const bytes = join(encodeSafetensors(arrays));
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const { entries, dataStart } = parseSafetensorsHeader(bytes.slice(0, 8 + length), bytes.length);
    expect(dataStart).toBe(8 + length);
    expect(entries.a!.shape).toEqual([2, 3]);
  });

  test('a tensor lands in the memory it is given, in one read of its own bytes', async () => {
    const bytes = join(encodeSafetensors(arrays));
    const reads: { buffer: ArrayBufferLike; length: number }[] = [];
    const read = async (position: number, into: Uint8Array) => {
      reads.push({ buffer: into.buffer, length: into.length });
      into.set(bytes.subarray(position, position + into.length));
    };
    const file = await openSafetensors({ label: 'here', size: bytes.length, read });
    reads.length = 0;
    const out = new Float32Array(10);
    await file.readInto('a', out.subarray(2, 8));
    expect([...out]).toEqual([0, 0, 1, 2, 3, 4, 5, 6, 0, 0]);
    expect(reads).toEqual([{ buffer: out.buffer, length: 24 }]);
  });

  test('halves are widened piece by piece, through a buffer of 4 MiB', async () => {
    const count = 3_000_000;
    const halves = new Uint16Array(count).map((_, i) => (i % 2 === 0 ? 0x3c00 : 0xc000));
    const header = new TextEncoder().encode(JSON.stringify({ x: { dtype: 'F16', shape: [count], data_offsets: [0, 2 * count] } }));
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
    const bytes = join([length, header, new Uint8Array(halves.buffer)]);
    let most = 0;
    const read = async (position: number, into: Uint8Array) => {
      most = Math.max(most, into.length);
      into.set(bytes.subarray(position, position + into.length));
    };
    const { data } = await (await openSafetensors({ label: 'halves', size: bytes.length, read })).read('x');
    expect(most).toBeLessThanOrEqual(2 ** 22);
    expect(data.every((value, i) => value === (i % 2 === 0 ? 1 : -2))).toBe(true);
  });
});
