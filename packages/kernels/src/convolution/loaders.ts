// Operands of tiers that stage blocks in workgroup memory, read from images in place of patches: blocks of four lines by four steps of k,
// as `blockLoader` of the products has them.
import { correlationNames, weightNames } from './parameters.ts';

const four = [0, 1, 2, 3] as const;
const block = (name: 'a' | 'b', lines: readonly string[]): string =>
  [
    `\nfn load_${name}(base: u32, outer: u32, p: u32, size: u32, k: u32, end: u32) -> array<vec4<f32>, 4> {`,
    '  var block: array<vec4<f32>, 4>;',
    ...lines,
    '  return block;',
    '}',
  ].join('\n');

/** A correlation's images: lines are places of all images, k is (taps, channels). `quads`: channels are whole quads, so that four steps have one tap. */
export function imageLoader(quads: boolean): string {
  const taps = (s: string) => [
    `${s}let down = i32(tap) / tw; let over = i32(tap) % tw;`,
    ...four.map((r) => `${s}let in${r} = u32(top${r} + down) < u32(H) && u32(left${r} + over) < u32(W);`),
    ...four.map((r) => `${s}let x${r} = u32(select(0, image${r} + i32(c * area) + (top${r} + down) * W + left${r} + over, in${r}));`),
  ];
  const values = (step: string) => `vec4<f32>(${four.map((r) => `select(0.0f, b[x${r}${step}], in${r})`).join(', ')})`;
  return block('b', [
    correlationNames,
    '  if (p >= end) { return block; }',
    ...four.map((r) => `  let q${r} = min(outer + ${r}u, size - 1u); let image${r} = i32(q${r} / places * C * area);`),
    ...four.map((r) => `  let top${r} = i32((q${r} % places) / wide) * sh - ph; let left${r} = i32((q${r} % places) % wide) * sw - pw;`),
    ...(quads
      ? ['  let tap = p / C; let c = p % C;', ...taps('  '), ...four.map((s) => `  block[${s}] = ${values(` + ${s}u * area`)};`)]
      : [
          '  for (var s = 0u; s < min(4u, end - p); s++) {',
          '    let tap = (p + s) / C; let c = (p + s) % C;',
          ...taps('    '),
          `    block[s] = ${values('')};`,
          '  }',
        ]),
  ]);
}

/** Operands of a weight's gradient: dy's channels, and the kernel's elements where they meet the images; k is places of all images. */
export function weightLoaders(quads: boolean): string {
  const rows = four.map((r) => `  let row${r} = min(outer + ${r}u, size - 1u);`);
  const dy = quads
    ? [
        '  if (p >= end) { return block; }',
        '  let at = (p / places) * size; let place = p % places;',
        ...four.map((r) => `  let l${r} = a[((at + row${r}) * places + place) / 4u];`),
        ...four.map((s) => `  block[${s}] = vec4<f32>(${four.map((r) => `l${r}[${s}]`).join(', ')});`),
      ]
    : [
        '  for (var s = 0u; s < 4u && p + s < end; s++) {',
        '    let at = ((p + s) / places) * size; let place = (p + s) % places;',
        `    block[s] = vec4<f32>(${four.map((r) => `a[(at + row${r}) * places + place]`).join(', ')});`,
        '  }',
      ];
  const places = '  let places = oh * ow;';
  return [
    block('a', [weightNames, places, ...rows, ...dy]),
    block('b', [
      weightNames,
      places,
      ...rows,
      ...four.map((r) => `  let channel${r} = i32(row${r} / (kh * kw)); let top${r} = i32((row${r} / kw) % kh) - ph; let left${r} = i32(row${r} % kw) - pw;`),
      '  for (var s = 0u; s < 4u && p + s < end; s++) {',
      '    let image = i32((p + s) / places * C); let place = (p + s) % places; let down = i32(place / ow) * sh; let over = i32(place % ow) * sw;',
      ...four.map((r) => `    let in${r} = u32(top${r} + down) < u32(H) && u32(left${r} + over) < u32(W);`),
      ...four.map((r) => `    let x${r} = u32(select(0, ((image + channel${r}) * H + top${r} + down) * W + left${r} + over, in${r}));`),
      `    block[s] = vec4<f32>(${four.map((r) => `select(0.0f, b[x${r}], in${r})`).join(', ')});`,
      '  }',
    ]),
  ].join('');
}
