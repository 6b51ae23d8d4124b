import { kernels } from '@hybridmed/kernels';
import { prepareKernel } from '@hybridmed/webgpu';
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';
const { gpu, info } = await nodeWebgpuDevice();
console.log(info.name);
const K: any = kernels[(process.argv[2] ?? 'matmul') as 'matmul'];
const filter = process.argv[3] ?? '';
const caps: any[] = process.argv[4] ? [eval('(' + process.argv[4] + ')')] : [undefined];
for (const one of K.cases) {
  if (one.large && !filter) continue;
  if (!one.name.includes(filter)) continue;
  for (const capabilities of caps) {
  const { inputs: specs } = K.arrays(one.problem);
  const noise = (i: number, index: number) => (Math.sin((i + 1) * 12.9898 + index * 78.233) * 43758.5453) % 1;
  const inputs = specs.map((spec: any, index: number) => one.input?.(index, spec) ?? (spec.type === 'i32' ? Int32Array.from({ length: spec.length }, (_, i) => (i * 31) % 7) : Float32Array.from({ length: spec.length }, (_, i) => noise(i, index))));
  const p = await prepareKernel(gpu, K, one.problem, inputs, capabilities ? { capabilities } : {});
  const out = await p.run();
  let note = '';
  if (!one.large || process.env.CHECK) {
    const ref = K.reference(one.problem, inputs);
    ref.forEach((r: any, o: number) => { let d = 0, s = 0; r.forEach((v: number, i: number) => { const e = Math.abs(v - out[o]![i]!); d = Number.isNaN(e) ? Infinity : Math.max(d, e); s = Math.max(s, Math.abs(v)); }); const e = d === 0 ? 0 : d / s; note += ` ${e.toExponential(1)}${e <= one.tolerance ? '' : ' WRONG'}`; });
  }
  if (one.large) { const f = await p.time(1); const n = Math.max(1, Math.min(20, Math.round(300 / f))); let best = Infinity; for (let i = 0; i < 3; i++) { const t0 = process.cpuUsage(); await p.time(n); const t = process.cpuUsage(t0); best = Math.min(best, (t.user + t.system) / 1000 / n); } const c = K.cost(one.problem); note += `  ${best.toFixed(1)} cpu-ms ${(c.flops / best / 1e6).toFixed(2)} GF/cpu-s ${(c.bytes / best / 1e6).toFixed(2)} GB/cpu-s`; }
  console.log(K.name, one.name, note);
  p.release();
  }
}
gpu.destroy(); process.exit(0);
