// What every kernel makes of each of its cases, for kinds of adapters that differ in what kernels choose by; equal shaders are given once.
import { answer, load } from './module.mjs';

const { kernels, everyAdapter } = await load('@hybridmed/kernels');

const matrices = (m, n, k) => [{ m, n, k, threads: 32 }];
const adapters = {
  gpu: everyAdapter,
  processor: { software: true, subgroupSize: 0, f16: false, subgroupMatrix: [] },
  'processor, subgroups of 4': { software: true, subgroupSize: 4, f16: false, subgroupMatrix: [] },
  'processor, subgroups of 8': { software: true, subgroupSize: 8, f16: true, subgroupMatrix: [] },
  'subgroup matrix 16x16x16': { software: false, subgroupSize: 32, f16: true, subgroupMatrix: matrices(16, 16, 16) },
  'subgroup matrix 8x8x8': { software: false, subgroupSize: 32, f16: true, subgroupMatrix: matrices(8, 8, 8) },
};

const codes = [];
const numbers = new Map();
const numberOf = (code) => {
  if (!numbers.has(code)) numbers.set(code, codes.push(code) - 1);
  return numbers.get(code);
};

/** All that a kernel says of a problem on an adapter, by one of its variants. */
function described(kernel, problem, capabilities, variant) {
  const dispatches = kernel.dispatches(problem, capabilities, variant).map(({ code, parameters, ...others }) => ({
    ...others,
    parameters: [...parameters],
    code: numberOf(code),
  }));
  return { arrays: kernel.arrays(problem, capabilities, variant), dispatches };
}

const cases = Object.entries(kernels).map(([name, kernel]) => [
  name,
  kernel.cases.map((one) => ({
    name: one.name,
    pass: kernel.pass(one.problem),
    cost: kernel.cost(one.problem),
    shapeClass: kernel.variants?.shapeClass(one.problem),
    ways: Object.entries(adapters).flatMap(([adapter, capabilities]) =>
      (kernel.variants?.names(one.problem, capabilities) ?? [undefined]).map((variant) => ({
        name: variant === undefined ? adapter : `${adapter}, ${variant}`,
        ...described(kernel, one.problem, capabilities, variant),
      })),
    ),
  })),
]);
answer({ codes, kernels: Object.fromEntries(cases) });
