// Rules by which a stranger's JSON is checked: each says in words what a value must be, so that a wrong one is named in one line.

/** What one value must be. */
export interface Rule {
  readonly expected: string;
  accepts(value: unknown): boolean;
  readonly optional?: true;
}

/** Rules of an object's keys; other keys are refused. */
export interface Fields {
  readonly [key: string]: Rule | Fields;
}

/** What is wrong, and where. */
export interface Problem {
  readonly key: string;
  readonly problem: string;
}

const isRule = (rule: Rule | Fields): rule is Rule => typeof rule.accepts === 'function';
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumber = (value: unknown, min: number, max: number): value is number => typeof value === 'number' && value >= min && value <= max;

/** A whole number from `min` (1 by default) to `max`. */
export const count = (max: number, min = 1): Rule => ({
  expected: `a whole number from ${min} to ${max}`,
  accepts: (value) => Number.isSafeInteger(value) && isNumber(value, min, max),
});

/** A list of up to `length` values, at least `min` of them. */
export const list = (rule: Rule, length: number, min = 0): Rule => ({
  expected: `a list of ${min} to ${length} values, each ${rule.expected}`,
  accepts: (value) => Array.isArray(value) && value.length >= min && value.length <= length && value.every((item) => rule.accepts(item)),
});

/** Finite numbers, one to `length` of them, each from `min` to `max`. */
export const numberList = (length: number, min: number, max: number): Rule => ({
  expected: `a list of 1 to ${length} numbers from ${min} to ${max}`,
  accepts: (value) => Array.isArray(value) && value.length >= 1 && value.length <= length && value.every((item) => isNumber(item, min, max)),
});

/** An object with these fields. */
export const objects = (fields: Fields): Rule => ({
  expected: `an object of ${Object.entries(fields)
    .map(([key, rule]) => `"${key}"${isRule(rule) ? ` (${rule.expected})` : ''}`)
    .join(', ')}`,
  accepts: (value) => firstProblem(value, fields) === undefined,
});

/** A finite number from `min` to `max`. */
export const number = (min: number, max: number): Rule => ({ expected: `a number from ${min} to ${max}`, accepts: (value) => isNumber(value, min, max) });

/** A fraction of values that are dropped: from 0 to below 1. */
export const rate: Rule = { expected: 'a number from 0 to below 1', accepts: (value) => isNumber(value, 0, 1) && value < 1 };

/** A number above 0 and up to `max`. */
export const positive = (max: number): Rule => ({ expected: `a number above 0 and up to ${max}`, accepts: (value) => isNumber(value, 0, max) && value > 0 });

/** True or false. */
export const flag: Rule = { expected: 'true or false', accepts: (value) => typeof value === 'boolean' };

/** One of some values. */
export const oneOf = (...values: readonly (string | number)[]): Rule => ({
  expected: values.map((value) => JSON.stringify(value)).join(' or '),
  accepts: (value) => values.includes(value as string),
});

/** A text of one line of up to `max` characters. */
export const line = (max: number): Rule => ({
  expected: `a text of 1 to ${max} characters without control characters`,
  accepts: (value) => typeof value === 'string' && value.length > 0 && value.length <= max && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value),
});

/** The same, where the key may be absent. */
export const optional = (rule: Rule): Rule => ({ ...rule, optional: true });

/** A value as a message shows it: JSON, cut to 40 characters. */
export const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length <= 40 ? text : `${text.slice(0, 40)}...`;
};

/** The first key of an object that breaks its rule; `path` leads to the object. */
export function firstProblem(value: unknown, fields: Fields, path = ''): Problem | undefined {
  if (!isObject(value)) return { key: path, problem: value === undefined ? 'is missing' : `is ${shown(value)}; it must be an object` };
  const at = (key: string): string => (path === '' ? key : `${path}.${key}`);
  for (const [key, rule] of Object.entries(fields)) {
    const own = Object.hasOwn(value, key) ? value[key] : undefined;
    if (!isRule(rule)) {
      const inner = firstProblem(own, rule, at(key));
      if (inner) return inner;
    } else if (own === undefined) {
      if (!rule.optional) return { key: at(key), problem: `is missing; it must be ${rule.expected}` };
    } else if (!rule.accepts(own)) return { key: at(key), problem: `is ${shown(own)}; it must be ${rule.expected}` };
  }
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(fields, key));
  return unknown === undefined ? undefined : { key: at(unknown.slice(0, 40)), problem: 'is no key of this version' };
}
