// What the tiers share: parameters, where a tile begins, how results are finished and written, and the sum over slices of k.
import type { ItemType } from '../dispatch.ts';
import { shaderOf } from '../dispatch.ts';
import { chainParameters, chainReads, chainText } from '../map/chain.ts';
import { perThread } from '../shader.ts';
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

/** What an epilogue reads: `x0`, `x1`, ... */
export const epilogueReads = (epilogue: Epilogue | undefined): Readonly<Record<string, ItemType>> => (epilogue ? chainReads(epilogue) : {});

/** Parameters of every tier. `items`: threads or workgroups. A batch's axes have `leadSizeAXIS`, `leadAAXIS` and `leadBAXIS`. */
export function parametersOf(problem: MatmulProblem, { down, across, slices, depth }: Cut) {
  const { m, n, k, lead, leadA, leadB, epilogue } = problem;
  const items = batchOf(problem) * down * across * slices;
  const byAxis = (name: string, values: readonly number[]) => Object.fromEntries(values.map((value, axis) => [`${name}${axis}`, value]));
  return {
    items,
    m,
    n,
    k,
    tilesDown: down,
    tilesAcross: across,
    slices,
    depth,
    ...byAxis('leadSize', lead),
    ...byAxis('leadA', leadA),
    ...byAxis('leadB', leadB),
    ...(epilogue && slices === 1 ? chainParameters({ ...epilogue, given: ['v0'] }) : {}),
  };
}

/** A tier's text options for a problem. */
export function textOf(problem: MatmulProblem, cut: Cut): TierText {
  const whole = cut.slices === 1;
  return {
    rank: problem.lead.length,
    operands: operandsOf(problem),
    output: whole ? typesOf(problem)[2] : 'f32',
    epilogue: whole ? problem.epilogue : undefined,
    ragged: problem.k % 4 !== 0,
  };
}

/** The arrays of a tier: operands, read so many elements at a time, the epilogue's inputs, the result. */
export function boundArrays({ operands: [a, b], output, epilogue }: TierText, widths: readonly [1 | 2 | 4, 1 | 2 | 4]) {
  const item = ({ type }: Operand, width: 1 | 2 | 4): ItemType => (width === 1 ? type : `vec${width}<${type}>`);
  return {
    reads: { a: item(a, widths[0]), b: item(b, widths[1]), ...epilogueReads(epilogue) },
    writes: { y: output },
  };
}

/** Lines: sizes, the matrices `at` and `bt` of item `i` (in elements), `row` and `column` of its tile, `begin` and `end` of its k, `to` of its result. */
export function tileStart(rank: number, rows: number, columns: number): string {
  const tiles = 'parameters.tilesDown * parameters.tilesAcross';
  const lines = [
    '  let m = parameters.m; let n = parameters.n; let k = parameters.k;',
    `  let tile = i % (${tiles});`,
    `  let slice = (i / (${tiles})) % parameters.slices;`,
    `  let batch = i / (${tiles} * parameters.slices);`,
    `  let batches = parameters.items / (${tiles} * parameters.slices);`,
    '  let begin = slice * parameters.depth; let end = min(k, begin + parameters.depth);',
    `  let row = (tile / parameters.tilesAcross) * ${rows}u; let column = (tile % parameters.tilesAcross) * ${columns}u;`,
    '  var at = 0u; var bt = 0u;',
    ...(rank > 0 ? ['  var place = batch;'] : []),
  ];
  for (let axis = rank - 1; axis >= 0; axis--) {
    const size = `parameters.leadSize${axis}`;
    lines.push(`  { let c = place % ${size}; place = place / ${size}; at += c * parameters.leadA${axis}; bt += c * parameters.leadB${axis}; }`);
  }
  return [...lines, '  at *= m * k; bt *= k * n;', '  let to = (slice * batches + batch) * m * n;'].join('\n');
}

/** The function `write(i, value)`: the epilogue, and the store of element i of the result. */
export function writer({ output, epilogue, own }: TierText): string {
  if (own) return own.writer;
  const store = (value: string) => `  y[i] = ${output === 'f16' ? `f16(${value})` : value};`;
  if (!epilogue) return `\nfn write(i: u32, v0: f32) {\n${store('v0')}\n}`;
  const { functions, lines, result } = chainText({ ...epilogue, given: ['v0'] });
  return `${functions}\nfn write(i: u32, v0: f32) {\n${[...lines, store(result)].join('\n')}\n}`;
}

/** Parameters of the sum over slices. */
export const sumParameters = (problem: MatmulProblem, slices: number) => ({
  count: batchOf(problem) * problem.m * problem.n,
  slices,
  ...(problem.epilogue ? chainParameters({ ...problem.epilogue, given: ['v0'] }) : {}),
});

/** One thread per element: the slices' sums added in order, then the epilogue. */
export function sumShader(problem: MatmulProblem) {
  const { epilogue } = problem;
  const output = typesOf(problem)[2];
  const text = epilogue ? chainText({ ...epilogue, given: ['v0'] }) : { functions: '', lines: [], result: 'v0' };
  return shaderOf({
    reads: { sliceSums: 'f32', ...epilogueReads(epilogue) },
    writes: { y: output },
    code: `${text.functions}${perThread(
      'parameters.count',
      `  var v0 = sliceSums[i];
  for (var slice = 1u; slice < parameters.slices; slice++) { v0 += sliceSums[slice * parameters.count + i]; }
${[...text.lines, `  y[i] = ${output === 'f16' ? `f16(${text.result})` : text.result};`].join('\n')}`,
    )}`,
  });
}
