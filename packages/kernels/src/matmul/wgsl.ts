// The direct tier: each thread computes a 4 x 4 tile of one product. On software adapters this beats tiles in workgroup memory.
// Operands are read four elements at a time where their rows allow it.
import type { Binding } from '../shader.ts';
import { declare, perThread, u } from '../shader.ts';

const four = [0, 1, 2, 3] as const;

/** What the shader's text depends on. `steps` over k are taken at a time: with quads 4, or 1 where k is no multiple of four; 0 reads element by element. */
export interface MatmulShader {
  readonly rank: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly steps: 0 | 1 | 4;
}

/** How a product's operands can be read: in quads where the rows of both, as they lie, are multiples of four elements. */
export function stepsOf({
  m,
  n,
  k,
  transposeA,
  transposeB,
}: {
  m: number;
  n: number;
  k: number;
  transposeA: boolean;
  transposeB: boolean;
}): MatmulShader['steps'] {
  const quads = (transposeA ? m : k) % 4 === 0 && (transposeB ? k : n) % 4 === 0;
  return quads && k > 0 ? (k % 4 === 0 ? 4 : 1) : 0;
}

/** Where the thread's tile begins: `row` and `column`, and the operands' matrices `at` and `bt`, in elements. */
function tileStart(rank: number): string[] {
  const lines = [`  let tile = i % (${u(4)} * ${u(5)});`, `  var rest = i / (${u(4)} * ${u(5)});`, '  let batch = rest;', '  var at = 0u;', '  var bt = 0u;'];
  for (let axis = rank - 1; axis >= 0; axis--) {
    lines.push(`  { let c = rest % ${u(6 + axis)}; rest = rest / ${u(6 + axis)}; at += c * ${u(6 + rank + axis)}; bt += c * ${u(6 + 2 * rank + axis)}; }`);
  }
  lines.push(
    `  let row = (tile / ${u(5)}) * 4u;`,
    `  let column = (tile % ${u(5)}) * 4u;`,
    `  let m = ${u(1)}; let n = ${u(2)}; let k = ${u(3)};`,
    '  at *= m * k; bt *= k * n;',
  );
  // Rows and columns past the end read the last one; what they compute is not written.
  for (const r of four) lines.push(`  let r${r} = min(row + ${r}u, m - 1u); let q${r} = min(column + ${r}u, n - 1u);`, `  var s${r} = vec4<f32>(0.0f);`);
  return lines;
}

/** One step over k at a time, element by element. */
function scalarLoop({ transposeA, transposeB }: MatmulShader): string[] {
  const [startA, stepA] = transposeA ? [(r: number) => `at + r${r}`, 'm'] : [(r: number) => `at + r${r} * k`, '1u'];
  const [startB, stepB] = transposeB ? [(r: number) => `bt + q${r} * k`, '1u'] : [(r: number) => `bt + q${r}`, 'n'];
  return [
    ...four.map((r) => `  var a${r} = ${startA(r)}; var b${r} = ${startB(r)};`),
    '  for (var p = 0u; p < k; p++) {',
    `    let v = vec4<f32>(${four.map((r) => `b[b${r}]`).join(', ')});`,
    ...four.map((r) => `    s${r} = fma(vec4<f32>(a[a${r}]), v, s${r});`),
    ...four.map((r) => `    a${r} += ${stepA}; b${r} += ${stepB};`),
    '  }',
  ];
}

/** Several steps over k at a time, in quads along each operand's rows. */
function quadLoop({ transposeA, transposeB, steps }: MatmulShader): string[] {
  const taken = four.slice(0, steps);
  const [startA, loadA, nextA, valueA] = transposeA
    ? [
        ['  var ia = (at + row) / 4u;'],
        taken.map((s) => `    let x${s} = a[ia + ${s}u * stepA];`),
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
        ['  var ib = (bt + column) / 4u;'],
        taken.map((s) => `    let v${s} = b[ib + ${s}u * stepB];`),
        [`    ib += ${steps}u * stepB;`],
        (s: number) => `v${s}`,
      ];
  return [
    '  let stepA = m / 4u; let stepB = n / 4u;',
    ...startA,
    ...startB,
    `  for (var p = 0u; p < k / ${steps}u; p++) {`,
    ...loadA,
    ...loadB,
    ...taken.map((s) => `    { let v = ${valueB(s)}; ${four.map((r) => `s${r} = fma(vec4<f32>(${valueA(r, s)}), v, s${r});`).join(' ')} }`),
    ...nextA,
    ...nextB,
    '  }',
  ];
}

/** The shader. Parameters: threads, m, n, k, tiles down, tiles across, then lead sizes, leadA, leadB. */
export function shader(options: MatmulShader, parameterCount: number): string {
  const lines = [...tileStart(options.rank), ...(options.steps > 0 ? quadLoop(options) : scalarLoop(options)), '  let to = batch * m * n;'];
  for (const r of four) {
    lines.push(`  if (row + ${r}u < m) { let start = to + (row + ${r}u) * n + column;`);
    for (const c of four) lines.push(`    if (column + ${c}u < n) { y[start + ${c}u] = s${r}[${c}]; }`);
    lines.push('  }');
  }
  const operand = (name: string): Binding => ({ name, type: options.steps > 0 ? 'vec4<f32>' : 'f32' });
  return `${declare([operand('a'), operand('b'), { name: 'y', type: 'f32', write: true }], parameterCount)}${perThread(u(0), lines.join('\n'))}`;
}
