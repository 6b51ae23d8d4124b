// Pieces that shaders share: entry points with the linear index, how threads share items, sums across a workgroup, neighbours at a time.

/** Threads of a workgroup where nobody sets another number. */
const workgroupSize = 64;

/** Max workgroups along one axis that every WebGPU adapter has. */
const maxWorkgroups = 65_535;

/** Workgroups for `count` groups in a row, spread over two axes where one is too short. */
export function spread(count: number): [number, number, number] {
  if (count <= maxWorkgroups) return [count, 1, 1];
  const rows = Math.ceil(count / maxWorkgroups);
  return [Math.ceil(count / rows), rows, 1];
}

/** Items of one workgroup where each item is one thread's: some for each of its threads, since starting a thread costs more than an item. */
const itemsOfGroup = 256;

/** The same where an item is long: a tile, a row. */
export const longItems = 64;

/** Workgroups for `count` items of `perThread`. */
export const spreadThreads = (count: number, items: number = itemsOfGroup): [number, number, number] => spread(Math.ceil(count / items));

/** 0 to count - 1: what unrolled lines are numbered by. */
export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Declares the number of a workgroup's threads, a multiple of 8 that whoever makes the pipeline may set: few on a processor, many on a GPU. */
export const groupThreads = `\noverride groupThreads: u32 = ${workgroupSize}u;`;

const builtins = '@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32';

/** An entry point whose threads take one item after another: `body` sees `i`, below `count` (an expression), and may return. */
export const perThread = (count: string, body: string, items: number = itemsOfGroup): string => `${groupThreads}
fn item(i: u32) {
${body}
}
@compute @workgroup_size(groupThreads)
fn main(${builtins}) {
  let first = (group.y * groups.x + group.x) * ${items}u;
  let end = min(${count}, first + ${items}u);
  for (var i = first + lane; i < end; i += groupThreads) { item(i); }
}`;

/** What a thread can know of its subgroup, and the names it has in a body. */
const subgroupBuiltins = { subgroup_invocation_id: 'sublane', subgroup_id: 'subgroup' } as const;

/** An entry point with workgroups of a fixed size, one per item: `body` sees `i`, `lane`, and what it asks for of the subgroup. */
export function perTile(threads: number, count: string, body: string, asked: readonly (keyof typeof subgroupBuiltins)[] = []): string {
  const more = asked.map((name) => `, @builtin(${name}) ${subgroupBuiltins[name]}: u32`).join('');
  return `
@compute @workgroup_size(${threads})
fn main(${builtins}${more}) {
  let i = group.y * groups.x + group.x;
  if (i >= ${count}) { return; }
${body}
}`;
}

/** An entry point with one workgroup per item, beside `groupReductions`: `body` sees `i` (uniform in the group), `lane` and `groupThreads`. */
export const perGroup = (count: string, body: string): string => `
@compute @workgroup_size(groupThreads)
fn main(${builtins}) {
  let i = group.y * groups.x + group.x;
  if (i >= ${count}) { return; }
${body}
}`;

/** A reduction of one value per thread to the same value for all of them, in two steps: barriers cost more than arithmetic on software adapters. */
const groupReduction = (name: string, join: (a: string, b: string) => string): string => `
fn ${name}(value: f32, lane: u32) -> f32 {
  workgroupBarrier();
  scratch[lane] = value;
  workgroupBarrier();
  if (lane < 8u) {
    var total = scratch[lane];
    for (var other = lane + 8u; other < groupThreads; other += 8u) { total = ${join('total', 'scratch[other]')}; }
    joined[lane] = total;
  }
  workgroupBarrier();
  var total = joined[0];
  for (var other = 1u; other < 8u; other++) { total = ${join('total', 'joined[other]')}; }
  return total;
}`;

/**
 * For shaders with one workgroup per item: `groupThreads`, and `groupSum(value, lane)` and `groupMax(value, lane)`, the same value for
 * all threads of the group, in a fixed order.
 */
export const groupReductions = `${groupThreads}
var<workgroup> scratch: array<f32, groupThreads>;
var<workgroup> joined: array<f32, 8>;${groupReduction('groupSum', (a, b) => `${a} + ${b}`)}${groupReduction('groupMax', (a, b) => `max(${a}, ${b})`)}`;

/** Neighbours of a row that a thread takes at a time: four, two or one, as the row's width allows. */
export type Lanes = 1 | 2 | 4;
/** How many neighbours at a time cut a row evenly. */
export const lanesOf = (width: number): Lanes => (width % 4 === 0 ? 4 : width % 2 === 0 ? 2 : 1);
/** The type of so many neighbours. */
export const itemType = (lanes: Lanes): 'f32' | 'vec2<f32>' | 'vec4<f32>' => (lanes === 1 ? 'f32' : `vec${lanes}<f32>`);
/** The type of so many neighbours stored as f16. */
export const halfType = (lanes: Lanes): 'f16' | 'vec2<f16>' | 'vec4<f16>' => (lanes === 1 ? 'f16' : `vec${lanes}<f16>`);
/** Their sum, in a fixed order. */
export const itemSum = (lanes: Lanes, item: string): string =>
  lanes === 1 ? item : lanes === 2 ? `(${item}.x + ${item}.y)` : `((${item}.x + ${item}.y) + (${item}.z + ${item}.w))`;
/** The greatest of them. */
export const itemMax = (lanes: Lanes, item: string): string =>
  lanes === 1 ? item : lanes === 2 ? `max(${item}.x, ${item}.y)` : `max(max(${item}.x, ${item}.y), max(${item}.z, ${item}.w))`;

/** The least f32: what a maximum starts from. WGSL takes it exactly. */
export const lowest = '-3.4028234663852886e38f';

/** The least i32. */
export const lowestInteger = 'i32(-2147483648)';

/** A loop of a group's threads over the items of their row, each item's number in `j`; a row has `parameters.rowItems`. */
export const eachItem = (body: string): string => `for (var j = lane; j < parameters.rowItems; j += groupThreads) { ${body} }`;

/** Numbers within the row, as i32, of item j's elements. */
export function itemIndices(lanes: Lanes): string {
  const indices = range(lanes).map((c) => `i32(j * ${lanes}u) + ${c}`);
  return lanes === 1 ? indices[0]! : `vec${lanes}<i32>(${indices.join(', ')})`;
}
