// Kinds of values that options take: how each is written as a flag's text, and its schema in a configuration file. Plain rows, so that a
// command's help needs no schema library; who checks a file brings it.
import type { z, ZodType } from 'zod';

/** The schema library, as a value: loaded where a file is checked. */
export type Zod = typeof z;

/** A kind of value. */
export interface Value<T> {
  /** Reads the text of a flag; `before` is what an earlier text of the same flag gave. Throws a ValueError that says what to give. */
  parse(text: string, before?: T): T;
  /** The schema of the value in a file. */
  schema(zod: Zod): ZodType<T>;
  /** The one form of a value that a file may write in several. */
  canonical?(value: T): T;
  /** Where it holds values by key: the keys, and those below each of them. */
  readonly keys?: readonly (readonly string[])[];
  /** Writes a value as a flag's text; by default as `String` does. */
  format?(value: T): string;
  /** What it may be, in words: `a whole number, 1 or more`. */
  readonly words: string;
  /** The only texts it may be, for help. */
  readonly choices?: readonly string[];
  /** `switch`: the flag takes no text; `several`: it takes one or more. */
  readonly flag?: 'switch' | 'several';
}

/** A text that is no such value; the message is one sentence that says what to give. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}

const isNumber = (text: string): boolean => text.trim() !== '' && Number.isFinite(Number(text));

/** A text; in a file it may be empty where `empty` says so, which stands for none. */
export const string = ({ empty = false, words = 'a text' }: { empty?: boolean; words?: string } = {}): Value<string> => ({
  parse(given) {
    if (given === '') throw new ValueError('Give a value.');
    return given;
  },
  schema: (zod) => (empty ? zod.string() : zod.string().min(1)),
  words,
});

/** A whole number from `min` to `max`. */
export function integer(min: number, max = Infinity): Value<number> {
  const words = `a whole number, ${max === Infinity ? `${min} or more` : `${min} to ${max}`}`;
  return {
    parse(given) {
      const value = Number(given);
      if (!isNumber(given) || !Number.isSafeInteger(value) || value < min || value > max) throw new ValueError(`Give ${words}.`);
      return value;
    },
    schema: (zod) => (max === Infinity ? zod.int().min(min) : zod.int().min(min).max(max)),
    words,
  };
}

/** Bounds of a number: `above` and `below` are not among the values. */
export interface Bounds {
  readonly min?: number;
  readonly above?: number;
  readonly max?: number;
  readonly below?: number;
}

function boundsInWords({ min, above, max, below }: Bounds): string {
  const [low, high] = [min ?? above, max ?? below];
  const from = above === undefined ? `from ${low}` : `above ${low}`;
  if (high === undefined) return above === undefined ? `, ${low} or more` : ` ${from}`;
  if (above !== undefined) return ` ${from} and ${below === undefined ? 'up to' : 'below'} ${high}`;
  return ` ${from} to ${below === undefined ? '' : 'below '}${high}`;
}

/** A finite number within its bounds; there is always a lower one. */
export function number(bounds: Bounds & ({ readonly min: number } | { readonly above: number })): Value<number> {
  const { min = -Infinity, above = -Infinity, max = Infinity, below = Infinity } = bounds;
  const words = `a number${boundsInWords(bounds)}`;
  return {
    parse(given) {
      const value = Number(given);
      if (!isNumber(given) || value < min || value <= above || value > max || value >= below) throw new ValueError(`Give ${words}.`);
      return value;
    },
    schema(zod) {
      const lower = bounds.above === undefined ? zod.number().min(min) : zod.number().gt(above);
      if (bounds.max !== undefined) return lower.max(max);
      return bounds.below === undefined ? lower : lower.lt(below);
    },
    words,
  };
}

/** One of these words. */
export const choice = <const T extends string>(choices: readonly T[]): Value<T> => ({
  parse(given) {
    if (!choices.includes(given as T)) throw new ValueError(`Allowed choices are ${choices.join(', ')}.`);
    return given as T;
  },
  schema: (zod) => zod.enum(choices as readonly [T, ...T[]]) as unknown as ZodType<T>,
  words: `one of ${choices.join(', ')}`,
  choices,
});

/** Whether: true by the flag alone; in a file true or false. */
export const toggle = (): Value<boolean> => ({ parse: () => true, schema: (zod) => zod.boolean(), words: 'true or false', flag: 'switch' });

/** Several values, each a word of the command line. */
export const several = <T>(value: Value<T>): Value<T[]> => ({
  parse: (given, before = []) => [...before, value.parse(given)],
  schema: (zod) => zod.array(value.schema(zod)),
  format: (values) => values.join(' '),
  words: `a list, each ${value.words}`,
  ...(value.choices ? { choices: value.choices } : {}),
  flag: 'several',
});

const readEach = <T>(given: string, value: Value<T>): T[] => given.split(',').map((part) => value.parse(part.trim()));

/** Several values with commas between them: `1,10,100`. */
export const commaList = <T>(value: Value<T>): Value<T[]> => ({
  parse: (given) => readEach(given, value),
  schema: (zod) => zod.array(value.schema(zod)).min(1) as ZodType<T[]>,
  words: `a list, each ${value.words}`,
});

/** A value for each stage: `A,B`. */
export const stagePair = (value: Value<number>): Value<readonly [number, number]> => ({
  parse(given) {
    const parts = readEach(given, value);
    if (parts.length !== 2) throw new ValueError('Give two whole numbers as A,B: one for each stage.');
    return parts as [number, number];
  },
  schema: (zod) => zod.tuple([value.schema(zod), value.schema(zod)]) as ZodType<readonly [number, number]>,
  words: `two values, each ${value.words}`,
});

/** Values by name: `rotation=5,noise=0.01`; a repeated flag adds to them. */
export function named<const K extends string, T>(values: Readonly<Record<K, Value<T>>>, form: string): Value<{ [P in K]?: T }> {
  const names = Object.keys(values) as K[];
  return {
    parse(given, before = {}) {
      const result: { [P in K]?: T } = { ...before };
      for (const part of given.split(',')) {
        const equals = part.indexOf('=');
        const name = part.slice(0, Math.max(0, equals)).trim() as K;
        if (!names.includes(name) || equals === part.length - 1)
          throw new ValueError(`Give ${form}, or several with commas between them; names are ${names.join(', ')}.`);
        result[name] = values[name].parse(part.slice(equals + 1));
      }
      return result;
    },
    format: (given) =>
      Object.entries(given)
        .map(([name, value]) => `${name}=${String(value)}`)
        .join(','),
    schema: (zod) =>
      zod.strictObject(Object.fromEntries(names.map((name) => [name, values[name].schema(zod)]))).partial() as unknown as ZodType<{ [P in K]?: T }>,
    keys: [names],
    words: `values by name: ${names.join(', ')}`,
  };
}

/** A number, or, of a text that is none, something else. */
export const numberOr = <T>(value: Value<number>, other: Value<T>): Value<number | T> => ({
  parse(given) {
    if (given.trim() === '') throw new ValueError(`Give ${value.words}, or ${other.words}.`);
    return Number.isNaN(Number(given)) ? other.parse(given) : value.parse(given);
  },
  schema: (zod) => zod.union([value.schema(zod), other.schema(zod)]) as ZodType<number | T>,
  words: `${value.words}, or ${other.words}`,
});

/** Whether, or a text in place of yes: `--cache FOLDER`, `--no-cache`. */
export const toggleOr = (value: Value<string>): Value<boolean | string> => ({
  parse: (given) => value.parse(given),
  schema: (zod) => zod.union([zod.boolean(), value.schema(zod)]) as ZodType<boolean | string>,
  words: `true, false, or ${value.words}`,
});
