// Shaders of the cross-entropy: a workgroup or a subgroup per row, over as many neighbours at a time as the row's width allows.
import type { RowGroup } from '../row-group.ts';
import { rowTotals } from '../row-totals.ts';
import type { Binding, Lanes } from '../shader.ts';
import { declare, itemType, u } from '../shader.ts';

const scalar = (name: string, write = false): Binding => ({ name, type: 'f32', write });
const target: Binding = { name: 'target_id', type: 'i32' };
const columns = (body: string): string => `for (var j = lane; j < ${u(1)}; j += groupThreads) { ${body} }`;

/** logits, target -> loss, log-sum-exp. Parameters: rows, items of a row. */
export function forwardShader(lanes: Lanes, { extensions, reductions, entry }: RowGroup, parameterCount: number): string {
  const type = itemType(lanes);
  const chosen = lanes === 1 ? 'x[start + id]' : `x[start + id / ${lanes}u][id % ${lanes}u]`;
  return `${declare([{ name: 'x', type }, target, scalar('loss', true), scalar('lse', true)], parameterCount, extensions)}${reductions}${entry(
    u(0),
    `  let start = i * ${u(1)};
${rowTotals('', lanes, (j) => `x[start + ${j}]`)}
  if (lane == 0u) {
    let width = i32(${u(1)} * ${lanes}u);
    let inside = target_id[i] >= 0 && target_id[i] < width;
    let id = u32(clamp(target_id[i], 0, width - 1));
    let logTotal = log(total);
    lse[i] = greatest + logTotal;
    loss[i] = select(0.0f, (greatest - ${chosen}) + logTotal, inside);
  }`,
  )}`;
}

/** logits, target, log-sum-exp, dloss -> dlogits. */
export function gradientShader(lanes: Lanes, { extensions, reductions, entry }: RowGroup, parameterCount: number): string {
  const type = itemType(lanes);
  const places = Array.from({ length: lanes }, (_, l) => `i32(j * ${lanes}u) + ${l}`).join(', ');
  const own = lanes === 1 ? places : `vec${lanes}<i32>(${places})`;
  const id = lanes === 1 ? 'target_id[i]' : `vec${lanes}<i32>(target_id[i])`;
  const bindings: Binding[] = [{ name: 'x', type }, target, scalar('lse'), scalar('slope'), { name: 'dx', type, write: true }];
  return `${declare(bindings, parameterCount, extensions)}${reductions}${entry(
    u(0),
    `  let start = i * ${u(1)};
  let total = lse[i];
  let factor = select(0.0f, slope[i], target_id[i] >= 0 && target_id[i] < i32(${u(1)} * ${lanes}u));
  let id = ${id};
  ${columns(`dx[start + j] = (exp(x[start + j] - total) - select(${type}(0.0f), ${type}(1.0f), ${own} == id)) * factor;`)}`,
  )}`;
}
