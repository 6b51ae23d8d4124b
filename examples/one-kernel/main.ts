// One WGSL kernel alone: attention on a WebGPU adapter (a GPU, or the software adapter of the npm package), checked against its reference and timed.
import { attention } from '@hybridmed/kernels/attention';
import { prepareKernel, requestDevice } from '@hybridmed/webgpu';
import { requestNodeAdapter } from '@hybridmed/webgpu/node';

const { adapter, info } = await requestNodeAdapter();
const gpu = await requestDevice(adapter);
const problem = { of: 'forward', batch: 2, queries: 64, keys: 64, heads: 4, headSize: 32, scale: 32 ** -0.5, causal: true, masked: false } as const;
const inputs = attention.arrays(problem).inputs.map(({ length }, k) => Float32Array.from({ length }, (_, i) => Math.sin(i * 1.3 + k)));

const prepared = await prepareKernel(gpu, attention, problem, inputs);
const [output] = await prepared.run();
const [expected] = attention.reference(problem, inputs);
const error = Array.from(expected!).reduce((max, value, i) => Math.max(max, Math.abs(value - output![i]!)), 0);
const milliseconds = (await prepared.time(20)) / 20;
process.stdout.write(
  `attention on ${info.description || info.device || info.vendor}: ${milliseconds.toFixed(2)} ms, ${(attention.cost(problem).flops / milliseconds / 1e6).toFixed(2)} GFLOP/s, maximum error ${error.toExponential(1)}\n`,
);
prepared.release();
gpu.destroy();
