// Greatest number of a row and the sum of exponentials below it, in one pass over the row [Milakov & Gimelshein 2018].
import type { Lanes } from './shader.ts';
import { itemMax, itemSum, itemType, lowest, range, u } from './shader.ts';

/** Items that a thread reads between two looks at its greatest number: reading a row again costs more than one exponential for so many. */
const together = 4;

/**
 * Lines of a shader of rows that give all threads `greatest` and `total`, each with `name` behind it: the greatest number of a row, and the
 * sum of exponentials of the others below it. `item(j)` is an expression of item j; a row has as many items as parameter 1 says. Each thread
 * keeps a greatest number and a sum of its own, which is scaled anew where that number grows.
 */
export function rowTotals(name: string, lanes: Lanes, item: (j: string) => string): string {
  const [type, most, part, j] = [itemType(lanes), `most${name}`, `part${name}`, `j${name}`];
  // Behind the row's end stands the least number there is.
  const inside = (at: string): string => `select(${type}(${lowest}), ${item(`min(${at}, ${u(1)} - 1u)`)}, ${at} < ${u(1)})`;
  const taken = range(together).map((k) => `item${k}`);
  return `  var ${most} = ${lowest};
  var ${part} = ${type}(0.0f);
  for (var ${j} = lane; ${j} < ${u(1)}; ${j} += ${together}u * groupThreads) {
${taken.map((own, k) => `    let ${own} = ${k === 0 ? item(j) : inside(`${j} + ${k}u * groupThreads`)};`).join('\n')}
    let block = ${taken.reduce((a, b) => `max(${a}, ${b})`)};
    let next = max(${most}, ${itemMax(lanes, 'block')});
    ${part} = ${part} * exp(${most} - next) + (${taken.map((own) => `exp(${own} - next)`).join(' + ')});
    ${most} = next;
  }
  let greatest${name} = groupMax(${most}, lane);
  let scaled${name} = ${part} * exp(${most} - greatest${name});
  let total${name} = groupSum(${itemSum(lanes, `scaled${name}`)}, lane);`;
}
