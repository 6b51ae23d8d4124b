// First differences: of texts, of values from JSON, of bytes.

const around = 60;

/** Two texts from shortly before where they part. */
function parting(before, after) {
  let at = 0;
  while (at < before.length && before[at] === after[at]) at++;
  const from = Math.max(0, at - around / 2);
  const part = (text) => JSON.stringify(text.slice(from, at + around));
  return `${from > 0 ? '...' : ''}${part(before)}, now ${part(after)}`;
}

/** The first difference of two lists of lines; undefined where there is none. */
export function linesDifference(before, after) {
  for (let i = 0; i < Math.max(before.length, after.length); i++) {
    if (before[i] === after[i]) continue;
    if (after[i] === undefined) return `line ${i + 1} is gone: ${JSON.stringify(before[i])}`;
    if (before[i] === undefined) return `line ${i + 1} is new: ${JSON.stringify(after[i])}`;
    return `line ${i + 1}: ${parting(before[i], after[i])}`;
  }
  return undefined;
}

/** The first difference of two texts, line by line. */
export const textDifference = (before, after) => (before === after ? undefined : linesDifference(before.split('\n'), after.split('\n')));

const isObject = (value) => typeof value === 'object' && value !== null;
const shown = (value) => (value === undefined ? 'nothing' : (JSON.stringify(value)?.slice(0, around) ?? String(value)));

/** The first difference of two values from JSON; the order of an object's keys does not count. */
export function jsonDifference(before, after, path = '') {
  if (isObject(before) && isObject(after) && Array.isArray(before) === Array.isArray(after)) {
    if (Array.isArray(before) && before.length !== after.length) return `${path || 'the list'}: ${before.length} elements, now ${after.length}`;
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const inner = path === '' ? key : `${path}.${key}`;
      if (!Object.hasOwn(after, key)) return `${inner} is gone: ${shown(before[key])}`;
      if (!Object.hasOwn(before, key)) return `${inner} is new: ${shown(after[key])}`;
      const difference = jsonDifference(before[key], after[key], inner);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  if (Object.is(before, after)) return undefined;
  const both = typeof before === 'string' && typeof after === 'string';
  return `${path || 'the value'}: ${both ? parting(before, after) : `${shown(before)}, now ${shown(after)}`}`;
}

/** Where two runs of bytes part. */
export function bytesDifference(before, after) {
  if (before.equals(after)) return undefined;
  let at = 0;
  while (at < before.length && before[at] === after[at]) at++;
  return `${before.length} bytes, now ${after.length}; they part at byte ${at}`;
}
