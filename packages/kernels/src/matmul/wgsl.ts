// The direct tier: each thread computes a 4 x 4 tile of one product. On software adapters this beats tiles in workgroup memory.
import { declare, perThread, u } from '../shader.ts';

const four = [0, 1, 2, 3] as const;

/** The shader. Parameters: threads, m, n, k, tiles down, tiles across, then lead sizes, leadA, leadB. */
export function shader(rank: number, transposeA: boolean, transposeB: boolean, parameterCount: number): string {
  const [m, n, k] = [u(1), u(2), u(3)];
  const lines = [`  let tile = i % (${u(4)} * ${u(5)});`, `  var rest = i / (${u(4)} * ${u(5)});`, '  let batch = rest;', '  var at = 0u;', '  var bt = 0u;'];
  for (let axis = rank - 1; axis >= 0; axis--) {
    lines.push(`  { let c = rest % ${u(6 + axis)}; rest = rest / ${u(6 + axis)}; at += c * ${u(6 + rank + axis)}; bt += c * ${u(6 + 2 * rank + axis)}; }`);
  }
  lines.push(`  let row = (tile / ${u(5)}) * 4u;`, `  let column = (tile % ${u(5)}) * 4u;`, `  let m = ${m}; let n = ${n}; let k = ${k};`, '  at *= m * k; bt *= k * n;');
  // Rows and columns past the end read the last one; what they compute is not written.
  for (const r of four) lines.push(`  let r${r} = min(row + ${r}u, m - 1u); let q${r} = min(column + ${r}u, n - 1u);`, `  var s${r} = vec4<f32>(0.0f);`);
  const [startA, stepA] = transposeA ? [(r: number) => `at + r${r}`, 'm'] : [(r: number) => `at + r${r} * k`, '1u'];
  const [startB, stepB] = transposeB ? [(r: number) => `bt + q${r} * k`, '1u'] : [(r: number) => `bt + q${r}`, 'n'];
  for (const r of four) lines.push(`  var a${r} = ${startA(r)}; var b${r} = ${startB(r)};`);
  lines.push('  for (var p = 0u; p < k; p++) {', `    let v = vec4<f32>(${four.map((r) => `b[b${r}]`).join(', ')});`);
  for (const r of four) lines.push(`    s${r} = fma(vec4<f32>(a[a${r}]), v, s${r});`);
  for (const r of four) lines.push(`    a${r} += ${stepA}; b${r} += ${stepB};`);
  lines.push('  }', '  let to = batch * m * n;');
  for (const r of four) {
    lines.push(`  if (row + ${r}u < m) { let start = to + (row + ${r}u) * n + column;`);
    for (const c of four) lines.push(`    if (column + ${c}u < n) { y[start + ${c}u] = s${r}[${c}]; }`);
    lines.push('  }');
  }
  return `${declare([{ name: 'a', type: 'f32' }, { name: 'b', type: 'f32' }, { name: 'y', type: 'f32', write: true }], parameterCount)}${perThread(u(0), lines.join('\n'))}`;
}
