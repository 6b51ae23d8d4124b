// The tier of few rows, as in decoding: the time goes into reading B once. One thread per column on a processor and where neighbours
// in memory are columns; one workgroup per column where neighbours are steps of k.
import { shaderOf } from '../dispatch.ts';
import { groupReductions, longItems, perGroup, perThread, range } from '../shader.ts';
import type { Operand } from './problem.ts';
import type { TierText } from './tile.ts';
import { boundArrays, tileStart, writer } from './tile.ts';

/** Max rows that a thread or workgroup sums at once. */
export const vectorRows = 4;

/** Lines of a loop over quads of k, or over k, from `begin` on in steps of `stride` threads. */
function loop([a, b]: readonly [Operand, Operand], rows: readonly number[], first: string, stride: string): string {
  const quads = a.along === 'k' && b.along === 'k' && a.quads && b.quads;
  const read = ({ name, type }: Operand, at: string) => (type === 'f16' ? `${quads ? 'vec4<f32>' : 'f32'}(${name}[${at}])` : `${name}[${at}]`);
  const place = (p: string, r: number) => (a.along === 'k' ? `at + r${r} * k + ${p}` : `at + ${p} * m + r${r}`);
  const column = (p: string) => (b.along === 'k' ? `bt + column * k + ${p}` : `bt + ${p} * n + column`);
  const [unit, zero] = quads ? ['4u', 'vec4<f32>(0.0f)'] : ['1u', '0.0f'];
  const divided = (index: string) => (quads ? `(${index}) / 4u` : index);
  return [
    ...rows.map((r) => `  let r${r} = min(row + ${r}u, m - 1u); var s${r} = ${zero};`),
    `  for (var p = begin + ${first} * ${unit}; p < end; p += ${stride} * ${unit}) {`,
    `    let w = ${read(b, divided(column('p')))};`,
    ...rows.map((r) => `    s${r} = fma(${read(a, divided(place('p', r)))}, w, s${r});`),
    '  }',
    ...rows.map((r) => `  let sum${r} = ${quads ? `(s${r}.x + s${r}.y) + (s${r}.z + s${r}.w)` : `s${r}`};`),
  ].join('\n');
}

/** The shader for so many rows; `grouped`: a workgroup per column. */
export function vectorShader(text: TierText, height: number, grouped: boolean) {
  const rows = range(height);
  const storesOf = (sum: string) => rows.map((r) => `  if (row + ${r}u < m) { write(to + (row + ${r}u) * n + column, ${sum}${r}); }`).join('\n');
  const [a, b] = text.operands;
  const width = a.along === 'k' && b.along === 'k' && a.quads && b.quads ? 4 : 1;
  const bound = boundArrays(text, [width, width]);
  const start = tileStart(text.rank, vectorRows, 1);
  if (!grouped) {
    const body = `${start}\n${loop(text.operands, rows, '0u', '1u')}\n${storesOf('sum')}`;
    return shaderOf({ ...bound, code: `${writer(text)}${perThread('parameters.items', body, longItems)}` });
  }
  return shaderOf({
    ...bound,
    code: `${groupReductions}${writer(text)}${perGroup(
      'parameters.items',
      `${start}
${loop(text.operands, rows, 'lane', 'groupThreads')}
${rows.map((r) => `  let total${r} = groupSum(sum${r}, lane);`).join('\n')}
  if (lane == 0u) {
${storesOf('total')}
  }`,
    )}`,
  });
}
