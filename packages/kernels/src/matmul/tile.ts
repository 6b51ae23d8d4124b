// What the tiers share: parameters, where a tile begins, how results are finished and written, and the sum over slices of k.
import type { Binding } from '../shader.ts';
import { declare, pack, perThread, u } from '../shader.ts';
import { chainParameters, chainText } from '../map/chain.ts';
import type { Epilogue, Float, MatmulProblem, Operand } from './problem.ts';
import { batchOf, operandsOf, typesOf } from './problem.ts';

/** What a tier's text depends on, beside its tile. */
export interface TierText {
  readonly rank: number;
  readonly operands: readonly [Operand, Operand];
  /** Storage of what the tier writes: sums of a slice are f32. */
  readonly output: Float;
  readonly epilogue: Epilogue | undefined;
  /** Whether k ends within a step of four. */
  readonly ragged: boolean;
  readonly parameters: number;
  /** Where operands are not matrices in memory: functions `load_a` and `load_b` as `blockLoader` makes them, and `write` as `writer` does. */
  readonly own?: { readonly loaders: string; readonly writer: string };
}

/** How a product is cut: tiles down and across each matrix, and slices of k, `depth` long, whose sums are added afterwards. */
export interface Cut {
  readonly down: number;
  readonly across: number;
  readonly slices: number;
  readonly depth: number;
}

/** Number of the first parameters: groups, m, n, k, tiles down, tiles across, slices, depth; then come lead, leadA, leadB. */
export const fixed = 8;

/** Parameters of every tier. `items`: threads or workgroups. */
export function parametersOf(problem: MatmulProblem, { down, across, slices, depth }: Cut): Uint32Array {
  const { m, n, k, lead, leadA, leadB, epilogue } = problem;
  const items = batchOf(problem) * down * across * slices;
  const finish = epilogue && slices === 1 ? chainParameters({ ...epilogue, given: ['v0'] }) : [];
  return pack([items, m, n, k, down, across, slices, depth, ...lead, ...leadA, ...leadB, ...finish]);
}

/** A tier's text options for a problem. */
export function textOf(problem: MatmulProblem, cut: Cut, parameters: number): TierText {
  const whole = cut.slices === 1;
  return {
    rank: problem.lead.length,
    operands: operandsOf(problem),
    output: whole ? typesOf(problem)[2] : 'f32',
    epilogue: whole ? problem.epilogue : undefined,
    ragged: problem.k % 4 !== 0,
    parameters,
  };
}

/** Bindings of a tier: operands, the epilogue's inputs, the result. */
export function bindings({ operands, output, epilogue }: TierText, widths: readonly [1 | 2 | 4, 1 | 2 | 4]): Binding[] {
  return [
    ...operands.map(({ name, type }, at): Binding => ({ name, type: widths[at] === 1 ? type : `vec${widths[at] as 2 | 4}<${type}>` })),
    ...(epilogue?.inputs ?? []).map(({ type }, at): Binding => ({ name: `x${at}`, type })),
    { name: 'y', type: output, write: true },
  ];
}

/** Lines: sizes, the matrices `at` and `bt` of item `i` (in elements), `row` and `column` of its tile, `begin` and `end` of its k, `to` of its result. */
export function tileStart(rank: number, rows: number, columns: number): string {
  const lines = [
    `  let m = ${u(1)}; let n = ${u(2)}; let k = ${u(3)};`,
    `  let tile = i % (${u(4)} * ${u(5)});`,
    `  let slice = (i / (${u(4)} * ${u(5)})) % ${u(6)};`,
    `  let batch = i / (${u(4)} * ${u(5)} * ${u(6)});`,
    `  let batches = ${u(0)} / (${u(4)} * ${u(5)} * ${u(6)});`,
    `  let begin = slice * ${u(7)}; let end = min(k, begin + ${u(7)});`,
    `  let row = (tile / ${u(5)}) * ${rows}u; let column = (tile % ${u(5)}) * ${columns}u;`,
    '  var at = 0u; var bt = 0u;',
    ...(rank > 0 ? ['  var place = batch;'] : []),
  ];
  for (let axis = rank - 1; axis >= 0; axis--) {
    const size = u(fixed + axis);
    lines.push(`  { let c = place % ${size}; place = place / ${size}; at += c * ${u(fixed + rank + axis)}; bt += c * ${u(fixed + 2 * rank + axis)}; }`);
  }
  return [...lines, '  at *= m * k; bt *= k * n;', '  let to = (slice * batches + batch) * m * n;'].join('\n');
}

/** The function `write(i, value)`: the epilogue, and the store of element i of the result. */
export function writer({ rank, output, epilogue, own }: TierText): string {
  if (own) return own.writer;
  const store = (value: string) => `  y[i] = ${output === 'f16' ? `f16(${value})` : value};`;
  if (!epilogue) return `\nfn write(i: u32, v0: f32) {\n${store('v0')}\n}`;
  const { functions, lines, result } = chainText({ ...epilogue, given: ['v0'] }, fixed + 3 * rank);
  return `${functions}\nfn write(i: u32, v0: f32) {\n${[...lines, store(result)].join('\n')}\n}`;
}

/** Parameters of the sum over slices: elements, slices, then the epilogue's. */
export const sumParameters = (problem: MatmulProblem, slices: number): Uint32Array =>
  pack([batchOf(problem) * problem.m * problem.n, slices, ...(problem.epilogue ? chainParameters({ ...problem.epilogue, given: ['v0'] }) : [])]);

/** One thread per element: the slices' sums added in order, then the epilogue. */
export function sumShader(problem: MatmulProblem, parameters: number): string {
  const { epilogue } = problem;
  const output = typesOf(problem)[2];
  const inputs = (epilogue?.inputs ?? []).map(({ type }, at): Binding => ({ name: `x${at}`, type }));
  const text = epilogue ? chainText({ ...epilogue, given: ['v0'] }, 2) : { functions: '', lines: [], result: 'v0' };
  const declared = declare([{ name: 'partial', type: 'f32' }, ...inputs, { name: 'y', type: output, write: true }], parameters);
  return `${declared}${text.functions}${perThread(
    u(0),
    `  var v0 = partial[i];
  for (var slice = 1u; slice < ${u(1)}; slice++) { v0 += partial[slice * ${u(0)} + i]; }
${[...text.lines, `  y[i] = ${output === 'f16' ? `f16(${text.result})` : text.result};`].join('\n')}`,
  )}`;
}
