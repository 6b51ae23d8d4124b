// Tracing and differentiating a stack of layers: what compiling a model costs before a device sees it.
import { decompose, grad, ops, trace } from '@hybridmed/tensor';
import { bench } from 'vitest';

const layers = Array.from({ length: 12 }, (_, i) => `w${i}`);
const build = () =>
  trace(
    {
      data: { x: { shape: ['B', 'T', 64], dtype: 'f32' } },
      state: Object.fromEntries(layers.map((name) => [name, { shape: [64, 64], dtype: 'f32' as const }])),
    },
    ({ x }, state) => {
      const y = layers.reduce((h, name) => ops.attention(ops.gelu(ops.matmul(h, state[name]!)), h, h, { heads: 4 }), x!);
      const slopes = grad(
        ops.sum(y),
        layers.map((name) => state[name]!),
      );
      return { results: Object.fromEntries(layers.map((name, i) => [name, slopes[i]!])) };
    },
  );
const graph = build();

bench('trace and differentiate 12 layers', () => void build());
bench('expand fused ops and merge equal nodes', () => void decompose(graph, () => false));
