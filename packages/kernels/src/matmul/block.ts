// A block of four lines by four steps of k, read from an operand as four vectors over the lines, one for each step.
// Tiers that stage tiles in workgroup memory share it.
import type { Operand } from './problem.ts';
import type { TierText } from './tile.ts';

const four = [0, 1, 2, 3] as const;

/**
 * The function `load_NAME(base, outer, p, size, k, end)`: vector s holds element p + s of lines outer .. outer + 3 of the matrix that
 * begins at `base`. Lines past `size` repeat the last; steps from `end` on are zeros.
 */
export function blockLoader({ name, type, along, quads }: Operand): string {
  const head = `\nfn load_${name}(base: u32, outer: u32, p: u32, size: u32, k: u32, end: u32) -> array<vec4<f32>, 4> {\n  var block: array<vec4<f32>, 4>;`;
  const wide = (load: string) => (type === 'f16' ? `vec4<f32>(${load})` : load);
  const single = (load: string) => (type === 'f16' ? `f32(${load})` : load);
  const lines: string[] = [];
  if (quads && along === 'k') {
    lines.push('  if (p >= end) { return block; }');
    for (const r of four) lines.push(`  let l${r} = ${wide(`${name}[(base + min(outer + ${r}u, size - 1u) * k + p) / 4u]`)};`);
    for (const s of four) lines.push(`  block[${s}] = vec4<f32>(${four.map((r) => `l${r}[${s}]`).join(', ')});`);
  } else if (quads) {
    lines.push('  let quad = (base + min(outer, size - 4u)) / 4u;');
    for (const s of four) lines.push(`  if (p + ${s}u < end) { block[${s}] = ${wide(`${name}[quad + (p + ${s}u) * (size / 4u)]`)}; }`);
  } else {
    const at = (r: number, s: number) =>
      along === 'k' ? `base + min(outer + ${r}u, size - 1u) * k + p + ${s}u` : `base + (p + ${s}u) * size + min(outer + ${r}u, size - 1u)`;
    for (const s of four) lines.push(`  if (p + ${s}u < end) { block[${s}] = vec4<f32>(${four.map((r) => single(`${name}[${at(r, s)}]`)).join(', ')}); }`);
  }
  return [head, ...lines, '  return block;', '}'].join('\n');
}

/** The functions `load_a` and `load_b` of a tier: of blocks of matrices, or what a product has of its own. */
export const loaders = ({ own, operands }: TierText): string => own?.loaders ?? operands.map(blockLoader).join('');
