// The adapter's own roofline [Williams et al. 2009], by a short probe: arithmetic in registers, and a stream through memory.
/// <reference types="@webgpu/types" />
import type { Dispatch, Kernel } from '@hybridmed/kernels';
import { prepareKernel } from '@hybridmed/webgpu';
import type { Roofline } from './row.ts';

const threads = 64;
const rounds = 64;

interface Probe {
  readonly items: number;
}

const bindings = (parameters: string, ...arrays: readonly string[]): string =>
  [
    `@group(0) @binding(0) var<uniform> ${parameters}: array<vec4<u32>, 1>;`,
    ...arrays.map((array, i) => `@group(0) @binding(${i + 1}) var<storage, ${i === arrays.length - 1 ? 'read_write' : 'read'}> ${array}: array<vec4<f32>>;`),
  ].join('\n');

const entry = (body: string): string => `
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * ${threads}u + lane;
  if (i >= parameters[0].x) { return; }
${body}
}`;

/** Two independent chains of multiply-adds on vectors of four: eight sums a thread fill a pipeline and still lie in registers. */
const chains = ['s0', 's1'];

/** Steps of a chain in one round: written out, since software adapters pay for every turn of a loop. */
const steps = 32;

/** An adapter may have fused multiply-adds in hardware, or compute them by a slow detour: the faster way counts. */
const arithmetic = [(name: string) => `fma(${name}, scale, shift)`, (name: string) => `${name} * scale + shift`].map(
  (step) =>
    `${bindings('parameters', 'x', 'y')}${entry(`
  let scale = x[0];
  let shift = x[1];
${chains.map((name, i) => `  var ${name} = x[0] * ${i + 1}.0;`).join('\n')}
  for (var round = 0u; round < ${rounds}u; round++) {
${Array.from({ length: steps }, () => chains.map((name) => `    ${name} = ${step(name)};`).join('\n')).join('\n')}
  }
  y[i] = ${chains.join(' + ')};`)}`,
);

/** A thread of its own for each vector would measure the making of threads. */
interface Stream {
  /** Vectors that each thread moves. */
  readonly moved: number;
  readonly code: string;
}

const streamCode = (body: string): string => `${bindings('parameters', 'x', 'y')}${entry(body)}`;

/** Written out over stretches far apart, or a loop through which a group goes with its own stretch, which software adapters turn into one long loop: the faster way counts. */
const streams: readonly Stream[] = [
  {
    moved: 16,
    code: streamCode(Array.from({ length: 16 }, (_, k) => `  y[i + ${k}u * parameters[0].x] = x[i + ${k}u * parameters[0].x] * 2.0;`).join('\n')),
  },
  {
    moved: 256,
    code: streamCode(`  let first = (i - lane) * 256u;
  for (var j = lane; j < ${threads * 256}u; j += ${threads}u) { y[first + j] = x[first + j] * 2.0; }`),
  },
];

function dispatchOf(code: string, items: number): Dispatch {
  const groups = Math.ceil(items / threads);
  const columns = Math.min(groups, 65_535);
  return {
    label: 'probe',
    code,
    parameters: Uint32Array.of(items, 0, 0, 0),
    reads: ['x'],
    writes: ['y'],
    workgroups: [columns, Math.ceil(groups / columns), 1],
  };
}

/** A probe in a kernel's clothes, so that it is run and timed as kernels are. */
function probe(code: string, inputs: (items: number) => number, written = 4): Kernel<Probe> {
  return {
    name: 'probe',
    pass: () => 'forward',
    arrays: ({ items }) => ({ inputs: [{ name: 'x', type: 'f32', length: inputs(items) }], outputs: [{ name: 'y', type: 'f32', length: written * items }] }),
    dispatches: ({ items }) => [dispatchOf(code, items)],
    cost: () => ({ flops: 0, bytes: 0 }),
    reference: () => [],
    cases: [],
  };
}

/** Milliseconds of the fastest of a few runs: a roofline is what the adapter can do at its best. */
async function fastest(gpu: GPUDevice, kernel: Kernel<Probe>, items: number, input: Float32Array, repeats = 1): Promise<number> {
  const prepared = await prepareKernel(gpu, kernel, { items }, [input]);
  try {
    const times: number[] = [];
    for (let i = 0; i < 6; i++) times.push((await prepared.time(repeats)) / repeats);
    return Math.min(...times.slice(1));
  } finally {
    prepared.release();
  }
}

/** Probes an adapter in about a second: the work is increased until a run takes at least 10 ms. */
export async function probeRoofline(gpu: GPUDevice): Promise<Roofline> {
  const seed = Float32Array.of(0.999, 0.998, 0.997, 0.996, 1e-3, 2e-3, 3e-3, 4e-3);
  let gflops = 0;
  for (const code of arithmetic) {
    let [items, ms] = [4096, 0];
    for (; ; items *= 4) {
      ms = await fastest(
        gpu,
        probe(code, () => 8),
        items,
        seed,
      );
      if (ms >= 10 || items >= 4 ** 12) break;
    }
    gflops = Math.max(gflops, (items * rounds * steps * chains.length * 8) / ms / 1e6);
  }
  // In a cache, and beyond any: the adapter's best counts.
  let gbps = 0;
  for (const bytes of [2 ** 20, 2 ** 26]) {
    const bound = Math.min(bytes, gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize);
    for (const { moved, code } of streams) {
      // Whole groups, so that each moves all of its stretch.
      const items = Math.floor(bound / 16 / moved / threads) * threads;
      const kernel = probe(code, (count) => 4 * moved * count, 4 * moved);
      const ms = await fastest(gpu, kernel, items, new Float32Array(4 * moved * items).fill(1), 2 ** 26 / bytes);
      gbps = Math.max(gbps, (32 * moved * items) / ms / 1e6);
    }
  }
  return { gflops: Number(gflops.toPrecision(4)), gbps: Number(gbps.toPrecision(4)) };
}
