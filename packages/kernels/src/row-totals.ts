// The maximum of a row and the sum of exponentials below it, in one pass over the row [Milakov & Gimelshein 2018].
import type { Lanes } from './shader.ts';
import { itemMax, itemSum, itemType, lowest, range } from './shader.ts';

/** Items that a thread reads before it looks at its maximum again: reading a row again costs more than one exponential for so many. */
const unrolled = 4;

/**
 * Lines of a shader of rows that give all threads `greatest` and `total`, each with `name` behind it: the maximum of a row, and the
 * sum of exponentials of the others below it. `item(j)` is an expression of item j; a row has `parameters.rowItems` of them. Each thread
 * keeps a maximum and a sum of its own, which is scaled anew where the maximum grows.
 */
export function rowTotals(name: string, lanes: Lanes, item: (j: string) => string): string {
  const [type, most, part, j] = [itemType(lanes), `most${name}`, `part${name}`, `j${name}`];
  // Behind the row's end comes the least number there is.
  const inside = (at: string): string => `select(${type}(${lowest}), ${item(`min(${at}, parameters.rowItems - 1u)`)}, ${at} < parameters.rowItems)`;
  const items = range(unrolled).map((k) => `item${k}`);
  return `  var ${most} = ${lowest};
  var ${part} = ${type}(0.0f);
  for (var ${j} = lane; ${j} < parameters.rowItems; ${j} += ${unrolled}u * groupThreads) {
${items.map((value, k) => `    let ${value} = ${k === 0 ? item(j) : inside(`${j} + ${k}u * groupThreads`)};`).join('\n')}
    let block = ${items.reduce((a, b) => `max(${a}, ${b})`)};
    let next = max(${most}, ${itemMax(lanes, 'block')});
    ${part} = ${part} * exp(${most} - next) + (${items.map((value) => `exp(${value} - next)`).join(' + ')});
    ${most} = next;
  }
  let greatest${name} = groupMax(${most}, lane);
  let scaled${name} = ${part} * exp(${most} - greatest${name});
  let total${name} = groupSum(${itemSum(lanes, `scaled${name}`)}, lane);`;
}
