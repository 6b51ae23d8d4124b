// The threads that share a row: a whole workgroup, whose sums need barriers, or on a processor a single subgroup, whose sums need none.
import type { Extension } from './dispatch.ts';
import type { Capabilities } from './kernel.ts';
import { groupReductions, perGroup, perTile } from './shader.ts';

/** What a shader with one group of threads per row is written with; `body` sees `i`, `lane`, `groupThreads`, `groupSum` and `groupMax`. */
export interface RowGroup {
  readonly extensions: readonly Extension[];
  readonly reductions: string;
  entry(count: string, body: string): string;
}

const workgroup: RowGroup = { extensions: [], reductions: groupReductions, entry: perGroup };

/** A sum or maximum over a subgroup by halves, in a fixed order. */
const butterfly = (name: string, size: number, join: (a: string, b: string) => string): string => {
  const steps = Array.from({ length: Math.log2(size) }, (_, i) => `  total = ${join('total', `subgroupShuffleXor(total, ${2 ** i}u)`)};`);
  return `
fn ${name}(value: f32, lane: u32) -> f32 {
  var total = value;
${steps.join('\n')}
  return total;
}`;
};

const subgroup = (size: number): RowGroup => ({
  extensions: ['subgroups'],
  reductions: `
const groupThreads: u32 = ${size}u;${butterfly('groupSum', size, (a, b) => `${a} + ${b}`)}${butterfly('groupMax', size, (a, b) => `max(${a}, ${b})`)}`,
  entry: (count, body) => perTile(size, count, body),
});

/** Whose rows an adapter's groups are: a processor runs a workgroup's threads in turns, and each barrier makes it begin again. */
export const rowGroupOf = ({ software, subgroupSize }: Capabilities): RowGroup =>
  software && subgroupSize >= 4 && subgroupSize <= 64 && Number.isInteger(Math.log2(subgroupSize)) ? subgroup(subgroupSize) : workgroup;
