// Learning rates by group of parameters: one for all, or some groups' own beside that of the others. A group is a parameter's first name.
import type { Value } from '../options/values.ts';
import { ValueError } from '../options/values.ts';

/** A peak learning rate for all parameters, or `others` beside those of groups such as `vision`. */
export type LearningRates = number | (Readonly<Record<string, number>> & { readonly others: number });

const form = 'a number over 0, or one for the others and some groups, such as 5e-4,vision=2e-4';

function rate(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) throw new ValueError(`Give ${form}.`);
  return value;
}

/** Reads `5e-4,vision=2e-4`. */
function parse(text: string): LearningRates {
  const rates = new Map<string, number>();
  for (const part of text.split(',')) {
    const [name, value, ...more] = part.includes('=') ? part.split('=') : ['others', part];
    const group = name!.trim();
    if (more.length > 0 || !/^\w+$/.test(group) || rates.has(group) || (group === 'others' && part.includes('='))) throw new ValueError(`Give ${form}.`);
    rates.set(group, rate(value!));
  }
  if (!rates.has('others')) throw new ValueError(`Give ${form}.`);
  return canonical(Object.fromEntries(rates) as LearningRates);
}

function canonical(value: LearningRates | string): LearningRates {
  if (typeof value === 'string') return parse(value);
  if (typeof value === 'number') return value;
  const { others, ...groups } = value;
  const names = Object.keys(groups).toSorted();
  return names.length === 0 ? others : { others, ...Object.fromEntries(names.map((name) => [name, groups[name]!])) };
}

const isText = (text: string): boolean => {
  try {
    return parse(text) !== undefined;
  } catch {
    return false;
  }
};

/** Learning rates as the text `5e-4,vision=2e-4`, and in a file also as an object `{ others: 5e-4, vision: 2e-4 }`. */
export const learningRates: Value<LearningRates> = {
  parse,
  schema(zod) {
    const one = zod.number().gt(0);
    return zod.union([one, zod.string().refine(isText), zod.object({ others: one }).catchall(one)]) as unknown as ReturnType<Value<LearningRates>['schema']>;
  },
  canonical,
  format: (rates) => ratesInWords(rates),
  words: form,
};

/** The rate of the groups that have none of their own. */
export const rateOfOthers = (rates: LearningRates): number => (typeof rates === 'number' ? rates : rates.others);

/** Factors of groups that have a rate of their own on that of the others. */
export function rateFactors(rates: LearningRates): Readonly<Record<string, number>> {
  if (typeof rates === 'number') return {};
  const { others, ...groups } = rates;
  return Object.fromEntries(Object.entries(groups).map(([group, own]) => [group, own / others]));
}

/** Rates without those of some groups, which then have that of the others. */
export const withoutGroups = (rates: LearningRates, groups: readonly string[]): LearningRates =>
  typeof rates === 'number'
    ? rates
    : canonical(Object.fromEntries(Object.entries(rates).filter(([group]) => group === 'others' || !groups.includes(group))) as LearningRates);

/** Rates as a flag's text. */
export function ratesInWords(rates: LearningRates): string {
  if (typeof rates === 'number') return String(rates);
  const { others, ...groups } = rates;
  return [String(others), ...Object.entries(groups).map(([group, own]) => `${group}=${own}`)].join(',');
}
