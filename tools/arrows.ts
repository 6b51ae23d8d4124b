// The picture of docs/architecture.md as data: which package may import which, and what needs Node. tools/architecture.test.ts holds it.

const modelParts = ['nn', 'tensor', 'vision', 'text', 'align', 'decoder'];

/** What each package of ours may import of the others. */
export const arrows: Readonly<Record<string, readonly string[]>> = {
  tensor: [],
  kernels: [],
  webgpu: ['tensor', 'kernels'],
  onnx: ['tensor'],
  gpujs: ['tensor'],
  nn: ['tensor'],
  vision: ['nn', 'tensor'],
  text: ['nn', 'tensor'],
  align: ['nn', 'tensor'],
  decoder: ['nn', 'tensor'],
  ranks: [],
  inputs: [],
  remote: [],
  images: ['inputs', 'remote'],
  data: ['images', 'inputs'],
  phantoms: ['data'],
  eval: ['nn', 'tensor'],
  model: [...modelParts, 'inputs'],
  // Of data the types of its batches, and its error.
  training: ['ranks', 'model', 'nn', 'tensor', 'text', 'data/browser'],
  runtime: ['training', 'ranks', 'model', 'nn', 'tensor', 'vision', 'text', 'eval', 'data', 'webgpu', 'onnx', 'gpujs'],
  tasks: ['runtime', 'training', 'model', 'eval', 'data', 'phantoms', ...modelParts],
  testing: ['runtime', 'model', 'eval', 'gpujs', ...modelParts],
  hybridmed: ['tasks', 'testing', 'runtime', 'training', 'ranks', 'remote', 'model', 'eval', 'data', 'phantoms', 'webgpu', ...modelParts],
};

/** Entries that need Node; every other one runs in a browser. */
const nodeEntries = new Set([
  '@hybridmed/images',
  '@hybridmed/images/bytes',
  '@hybridmed/data',
  '@hybridmed/remote',
  '@hybridmed/data/atomic',
  '@hybridmed/phantoms',
  '@hybridmed/onnx',
  '@hybridmed/webgpu/node',
  '@hybridmed/tasks/node',
  '@hybridmed/tasks/parts',
  '@hybridmed/tasks/texts',
  '@hybridmed/tasks/pipeline/node',
  '@hybridmed/ranks/mpi',
  '@hybridmed/testing',
  'hybridmed/node',
  'hybridmed/encoders',
  'hybridmed/tasks',
]);

/** Does an import of this entry need Node? */
export const needsNode = (specifier: string): boolean => nodeEntries.has(specifier) || specifier.startsWith('@hybridmed/runtime');

/** Modules that no browser entry may reach. */
export const nativeModules = ['sharp', 'onnxruntime-node', 'koffi', 'webgpu', 'commander', 'cli-progress'];
