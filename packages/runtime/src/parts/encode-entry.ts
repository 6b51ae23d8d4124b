// A part's values as lines of JSON that give back the very bits: typed arrays go as the base64 of their bytes.
import { HybridmedError } from '@hybridmed/tensor';

const kinds = { f32: Float32Array, f64: Float64Array, i32: Int32Array } as const;

type Kind = keyof typeof kinds;

const marks = Object.keys(kinds) as Kind[];

/** One value of a list. */
export interface PartEntry {
  readonly list: string;
  readonly value: unknown;
}

/** A value as one line. Throws one line for a number that JSON does not hold. */
export function encodeEntry({ list, value }: PartEntry): string {
  const json = JSON.stringify([list, value], (_key, each: unknown) => {
    const kind = marks.find((mark) => each instanceof kinds[mark]);
    if (kind) {
      const { buffer, byteOffset, byteLength } = each as Float32Array;
      return { [`$${kind}`]: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
    }
    if (typeof each === 'number' && !Number.isFinite(each)) throw new HybridmedError(`a part's ${list} hold ${each}, which is no number to report`);
    return each;
  });
  return `${json}\n`;
}

/** The entry of a line. Throws for what `encodeEntry` does not write. */
export function decodeEntry(line: string): PartEntry {
  const entry = JSON.parse(line, (_key, each: unknown) => {
    if (typeof each !== 'object' || each === null) return each;
    const [[key = '', content] = []] = Object.entries(each);
    const kind = marks.find((mark) => key === `$${mark}`);
    if (!kind || typeof content !== 'string') return each;
    const bytes = Buffer.from(content, 'base64');
    const { BYTES_PER_ELEMENT: width } = kinds[kind];
    if (bytes.length % width > 0) throw new Error('an array is cut off');
    return new kinds[kind](bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  }) as unknown;
  if (!Array.isArray(entry) || entry.length !== 2 || typeof entry[0] !== 'string') throw new Error('it is no list name with a value');
  return { list: entry[0], value: entry[1] };
}
