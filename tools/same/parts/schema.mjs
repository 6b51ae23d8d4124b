// The published schema of configuration files, key by key; descriptions with the words that changed on purpose.
import { readFileSync } from 'node:fs';
import { jsonDifference } from '../compare.mjs';

/** The schema with BEFORE's keys and sentences as AFTER has them. */
function schemaOf(checkout) {
  const { names } = checkout;
  const mapped = (value, path) => {
    if (Array.isArray(value)) return path.at(-1) === 'required' ? value.map((key) => names.key([key])).toSorted() : value.map((each) => mapped(each, path));
    if (typeof value === 'string') return names.help(value);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [names.key([...path, key]), mapped(inner, [...path, key])]));
  };
  return mapped(JSON.parse(readFileSync(checkout.resolve('hybridmed/config.schema.json'), 'utf8')), []);
}

/** Compares config.schema.json. */
export function schema({ before, after, report }) {
  report.compared('config.schema.json', jsonDifference(schemaOf(before), schemaOf(after)));
}
