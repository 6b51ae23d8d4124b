// What every kernel gives for each of its small cases on SwiftShader, in the variant that it takes by rule: a hash of each output's bits.
import { createHash } from 'node:crypto';
import { answer, load } from './module.mjs';

const { fromHalf, kernels, toHalf } = await load('@hybridmed/kernels');
const { capabilitiesOf, prepareKernel, requestDevice } = await load('@hybridmed/webgpu');
const { requestNodeAdapter } = await load('@hybridmed/webgpu/node');

const { adapter } = await requestNodeAdapter({ driver: 'swiftshader' });
const gpu = await requestDevice(adapter);
const { f16 } = capabilitiesOf(gpu);

/** Numbers in [-1, 1) that look random and are the same everywhere, where the case gives none of its own. */
function inputOf(one, spec, index) {
  // Arrays have names where a case is asked by array alone.
  const given = spec.name === undefined ? one.input?.(index, spec) : one.input?.(spec);
  if (given) return given;
  if (spec.type === 'i32') return Int32Array.from({ length: spec.length }, (_, i) => (i * 31) % 7);
  const numbers = Float32Array.from({ length: spec.length }, (_, i) => (Math.sin((i + 1) * 12.9898 + index * 78.233) * 43_758.5453) % 1);
  return spec.type === 'f16' ? fromHalf(toHalf(numbers)) : numbers;
}

/** Hashes of a case's outputs. */
async function outputsOf(kernel, one) {
  const inputs = kernel.arrays(one.problem).inputs.map((spec, index) => inputOf(one, spec, index));
  const prepared = await prepareKernel(gpu, kernel, one.problem, inputs, {});
  const outputs = await prepared.run();
  prepared.release();
  const inputHash = createHash('sha256');
  for (const { buffer, byteOffset, byteLength } of inputs) inputHash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return {
    inputs: inputHash.digest('hex').slice(0, 16),
    outputs: outputs.map((values) => ({
      begin: Array.from(values.slice(0, 4), String),
      hash: createHash('sha256')
        .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
        .digest('hex')
        .slice(0, 16),
    })),
  };
}

const all = {};
for (const [name, kernel] of Object.entries(kernels)) {
  all[name] = [];
  for (const one of kernel.cases.filter(({ large, f16: half }) => !large && (f16 || !half)))
    all[name].push({ name: one.name, ...(await outputsOf(kernel, one)) });
}
answer(all);
gpu.destroy();
process.exit(0);
