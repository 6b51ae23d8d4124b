// A minimal WebAssembly assembler: instructions as bytes, functions over one imported memory. What the kernels compute is theirs.

/** Encoded instructions. */
export type Code = readonly number[];

/** Value types. */
export const types = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;

/** Names of value types. */
export type ValueType = keyof typeof types;

/** One function: its name, parameters, result, further locals and body. */
export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly result?: ValueType;
  readonly locals: readonly ValueType[];
  readonly body: Code;
}

/** An unsigned number in LEB128. */
function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

const bytesOf = (text: string): number[] => [...new TextEncoder().encode(text)];
const sized = (bytes: Code): number[] => [...leb(bytes.length), ...bytes];
const list = (items: readonly Code[]): number[] => [...leb(items.length), ...items.flat()];
const section = (id: number, items: readonly Code[]): number[] => [id, ...sized(list(items))];
const codes = (values: readonly ValueType[]): Code[] => values.map((value) => [types[value]]);
const simd = (opcode: number): number[] => [0xfd, ...leb(opcode)];
const at = (offset: number): number[] => [0, ...leb(offset)];

/** Instructions the kernels use; operands come from the stack. */
export const wasm = {
  get: (local: number): Code => [0x20, ...leb(local)],
  set: (local: number): Code => [0x21, ...leb(local)],
  /** A constant between 0 and 63. */
  i32: (value: number): Code => [0x41, ...leb(value)],
  i32Add: [0x6a] as Code,
  i32Less: [0x49] as Code,
  f64Add: [0xa0] as Code,
  load: (offset = 0): Code => [...simd(0x00), ...at(offset)],
  /** Two f32 into the low half. */
  loadHalf: (offset = 0): Code => [...simd(0x5d), ...at(offset)],
  store: (offset = 0): Code => [...simd(0x0b), ...at(offset)],
  splatF32: simd(0x13),
  promote: simd(0x5f),
  lane64: (lane: number): Code => [...simd(0x21), lane],
  f32x4: { add: simd(0xe4), sub: simd(0xe5), mul: simd(0xe6), div: simd(0xe7), sqrt: simd(0xe3), min: simd(0xe8) },
  f64x2: { add: simd(0xf0), mul: simd(0xf2) },
  /** Runs `body` while `condition` holds. */
  while: (condition: Code, body: Code): Code => [0x02, 0x40, 0x03, 0x40, ...condition, 0x45, 0x0d, 1, ...body, 0x0c, 0, 0x0b, 0x0b],
} as const;

const magic = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** The bytes of a module that exports `functions` over the memory imported as `env.memory`. */
export function assemble(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    ...magic,
    ...section(
      1,
      functions.map(({ parameters, result }) => [0x60, ...list(codes(parameters)), ...list(codes(result ? [result] : []))]),
    ),
    ...section(2, [[...sized(bytesOf('env')), ...sized(bytesOf('memory')), 0x02, 0x00, 0x01]]),
    ...section(
      3,
      functions.map((_, index) => leb(index)),
    ),
    ...section(
      7,
      functions.map(({ name }, index) => [...sized(bytesOf(name)), 0x00, ...leb(index)]),
    ),
    ...section(
      10,
      functions.map(({ locals, body }) => sized([...list(locals.map((type) => [1, types[type]])), ...body, 0x0b])),
    ),
  ]);
}
