// The shader of softmax and of its logarithm: a workgroup's or a subgroup's threads per row.
import { shaderOf } from '../dispatch.ts';
import type { RowGroup } from '../row-group.ts';
import { rowTotals } from '../row-totals.ts';
import type { Lanes } from '../shader.ts';
import { itemType } from '../shader.ts';

/** Greatest element and sum of exponentials, then results: two passes over the row. Parameters: rows, rowItems. */
export function shader(log: boolean, lanes: Lanes, { extensions, reductions, entry }: RowGroup) {
  const item = itemType(lanes);
  const result = log ? 'x[start + j] - greatest - logTotal' : 'exp(x[start + j] - greatest) / total';
  return shaderOf({
    extensions,
    reads: { x: item },
    writes: { y: item },
    code: `${reductions}${entry(
      'parameters.rows',
      `  let start = i * parameters.rowItems;
${rowTotals('', lanes, (j) => `x[start + ${j}]`)}
  ${log ? 'let logTotal = log(total);' : ''}
  for (var j = lane; j < parameters.rowItems; j += groupThreads) { y[start + j] = ${result}; }`,
    )}`,
  });
}
