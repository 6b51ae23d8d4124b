// The direct tier: each thread computes a 4 x 4 tile of one product straight from global memory, for adapters that run on the
// processor without subgroups of a known size. Operands are read four elements at a time where the rows of both allow it.
import { shaderOf } from '../dispatch.ts';
import { longItems, perThread } from '../shader.ts';
import type { MatmulProblem } from './problem.ts';
import type { TierText } from './tile.ts';
import { boundArrays, tileStart, writer } from './tile.ts';

const four = [0, 1, 2, 3] as const;

/** Steps over k taken at a time: with quads 4, or 1 where k is no multiple of four; 0 reads element by element. */
type Steps = 0 | 1 | 4;

/** What the loops' text depends on. */
interface Loop {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly steps: Steps;
}

/** One step over k at a time, element by element. */
function scalarLoop({ transposeA, transposeB }: Loop): string[] {
  const [startA, stepA] = transposeA ? [(r: number) => `at + r${r}`, 'm'] : [(r: number) => `at + r${r} * k`, '1u'];
  const [startB, stepB] = transposeB ? [(r: number) => `bt + q${r} * k`, '1u'] : [(r: number) => `bt + q${r}`, 'n'];
  return [
    ...four.map((r) => `  var a${r} = ${startA(r)} + begin * ${stepA}; var b${r} = ${startB(r)} + begin * ${stepB};`),
    '  for (var p = begin; p < end; p++) {',
    `    let v = vec4<f32>(${four.map((r) => `f32(b[b${r}])`).join(', ')});`,
    ...four.map((r) => `    s${r} = fma(vec4<f32>(f32(a[a${r}])), v, s${r});`),
    ...four.map((r) => `    a${r} += ${stepA}; b${r} += ${stepB};`),
    '  }',
  ];
}

/** Several steps over k at a time, in quads along each operand's rows. */
function quadLoop({ transposeA, transposeB, steps }: Loop): string[] {
  const unrolled = four.slice(0, steps);
  const [startA, loadA, nextA, valueA] = transposeA
    ? [
        ['  var ia = (at + row) / 4u + begin * stepA;'],
        unrolled.map((s) => `    let x${s} = a[ia + ${s}u * stepA];`),
        [`    ia += ${steps}u * stepA;`],
        (r: number, s: number) => `x${s}[${r}]`,
      ]
    : [four.map((r) => `  let a${r} = (at + r${r} * k) / 4u;`), four.map((r) => `    let x${r} = a[a${r} + p];`), [], (r: number, s: number) => `x${r}[${s}]`];
  const [startB, loadB, nextB, valueB] = transposeB
    ? [
        four.map((c) => `  let b${c} = (bt + q${c} * k) / 4u;`),
        four.map((c) => `    let v${c} = b[b${c} + p];`),
        [],
        (s: number) => `vec4<f32>(${four.map((c) => `v${c}[${s}]`).join(', ')})`,
      ]
    : [
        ['  var ib = (bt + column) / 4u + begin * stepB;'],
        unrolled.map((s) => `    let v${s} = b[ib + ${s}u * stepB];`),
        [`    ib += ${steps}u * stepB;`],
        (s: number) => `v${s}`,
      ];
  return [
    '  let stepA = m / 4u; let stepB = n / 4u;',
    ...startA,
    ...startB,
    `  for (var p = begin / ${steps}u; p < end / ${steps}u; p++) {`,
    ...loadA,
    ...loadB,
    ...unrolled.map((s) => `    { let v = ${valueB(s)}; ${four.map((r) => `s${r} = fma(vec4<f32>(${valueA(r, s)}), v, s${r});`).join(' ')} }`),
    ...nextA,
    ...nextB,
    '  }',
  ];
}

/** The shader. */
export function directShader({ transposeA, transposeB }: MatmulProblem, text: TierText) {
  const half = text.operands.some(({ type }) => type === 'f16');
  const quads = !half && text.operands.every((operand) => operand.quads);
  const loop = { transposeA, transposeB, steps: quads ? (text.ragged ? 1 : 4) : 0 } as const;
  const lines = [
    tileStart(text.rank, 4, 4),
    // Rows and columns past the end read the last one; what they compute is not written.
    ...four.map((r) => `  let r${r} = min(row + ${r}u, m - 1u); let q${r} = min(column + ${r}u, n - 1u);\n  var s${r} = vec4<f32>(0.0f);`),
    ...(quads ? quadLoop(loop) : scalarLoop(loop)),
    '  var sums = array<vec4<f32>, 4>(s0, s1, s2, s3);',
    '  for (var r = 0u; r < min(4u, m - row); r++) {',
    '    for (var c = 0u; c < min(4u, n - column); c++) { write(to + (row + r) * n + column + c, sums[r][c]); }',
    '  }',
  ];
  const width = quads ? 4 : 1;
  return shaderOf({ ...boundArrays(text, [width, width]), code: `${writer(text)}${perThread('parameters.items', lines.join('\n'), longItems)}` });
}
