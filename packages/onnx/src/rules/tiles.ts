// Sums of padded values whose non-zero parts lie side by side and fill the result: what autograd makes of slices.
import type { Node, Tensor } from '@hybridmed/tensor';

interface Tile {
  readonly value: Tensor;
  readonly start: number;
  readonly end: number;
}

/** The unpadded values in order and the axis they tile, or undefined where the node is no such sum. */
export function tiles(node: Node): { readonly values: readonly Tensor[]; readonly axis: number } | undefined {
  const pads = summands(node);
  if (!pads) return undefined;
  const { shape } = node.outputs[0]!;
  const axis = shape.findIndex((dim, at) => pads.some((pad) => pad.inputs[0]!.shape[at] !== dim));
  const parts = pads.map((pad) => tileOf(pad, axis));
  if (axis < 0 || parts.includes(undefined)) return undefined;
  const sorted = (parts as Tile[]).toSorted((a, b) => a.start - b.start);
  const joined = sorted.every(({ start }, i) => start === (sorted[i - 1]?.end ?? 0)) && sorted.at(-1)!.end === shape[axis];
  return joined ? { values: sorted.map(({ value }) => value), axis } : undefined;
}

function summands(node: Node): Node<'pad'>[] | undefined {
  const all: Node<'pad'>[] = [];
  for (const { node: input, shape } of node.inputs) {
    if (input.op === 'add' && shape.length === node.outputs[0]!.shape.length) {
      const inner = summands(input);
      if (!inner) return undefined;
      all.push(...inner);
    } else if (input.op === 'pad') all.push(input as Node<'pad'>);
    else return undefined;
  }
  return all;
}

function tileOf(pad: Node<'pad'>, axis: number): Tile | undefined {
  const { low, interior } = pad.attributes;
  const value = pad.inputs[0]!;
  const [start, size] = [low[axis], value.shape[axis]];
  const elsewhere = low.some((count, at) => at !== axis && (count !== 0 || value.shape[at] !== pad.outputs[0]!.shape[at]));
  if (elsewhere || interior.some((zeros) => zeros !== 0) || start === undefined || typeof size !== 'number') return undefined;
  return { value, start, end: start + size };
}
