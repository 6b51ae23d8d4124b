// Shaders of the cross-entropy: a workgroup or a subgroup per row, over as many neighbours at a time as the row's width allows.
import { shaderOf } from '../dispatch.ts';
import type { RowGroup } from '../row-group.ts';
import { rowTotals } from '../row-totals.ts';
import type { Lanes } from '../shader.ts';
import { eachItem, itemIndices, itemType } from '../shader.ts';

/** Parameters: rows, rowItems. */
export function forwardShader(lanes: Lanes, { extensions, reductions, entry }: RowGroup) {
  const item = itemType(lanes);
  const ofTarget = lanes === 1 ? 'logits[start + id]' : `logits[start + id / ${lanes}u][id % ${lanes}u]`;
  return shaderOf({
    extensions,
    reads: { logits: item, targets: 'i32' },
    writes: { loss: 'f32', logSumExp: 'f32' },
    code: `${reductions}${entry(
      'parameters.rows',
      `  let start = i * parameters.rowItems;
${rowTotals('', lanes, (j) => `logits[start + ${j}]`)}
  if (lane == 0u) {
    let width = i32(parameters.rowItems * ${lanes}u);
    let inside = targets[i] >= 0 && targets[i] < width;
    let id = u32(clamp(targets[i], 0, width - 1));
    let logTotal = log(total);
    logSumExp[i] = greatest + logTotal;
    loss[i] = select(0.0f, (greatest - ${ofTarget}) + logTotal, inside);
  }`,
    )}`,
  });
}

/** Parameters: rows, rowItems. */
export function gradientShader(lanes: Lanes, { extensions, reductions, entry }: RowGroup) {
  const item = itemType(lanes);
  const id = lanes === 1 ? 'targets[i]' : `vec${lanes}<i32>(targets[i])`;
  return shaderOf({
    extensions,
    reads: { logits: item, targets: 'i32', logSumExp: 'f32', dloss: 'f32' },
    writes: { dlogits: item },
    code: `${reductions}${entry(
      'parameters.rows',
      `  let start = i * parameters.rowItems;
  let total = logSumExp[i];
  let factor = select(0.0f, dloss[i], targets[i] >= 0 && targets[i] < i32(parameters.rowItems * ${lanes}u));
  let id = ${id};
  ${eachItem(`dlogits[start + j] = (exp(logits[start + j] - total) - select(${item}(0.0f), ${item}(1.0f), ${itemIndices(lanes)} == id)) * factor;`)}`,
    )}`,
  });
}
