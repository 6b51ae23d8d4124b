// What the exported graphs of a folder give for numbers made up here, by ONNX Runtime on one thread.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { answer, input, load } from './module.mjs';

const { InferenceSession, Tensor } = await load('onnxruntime-node', 'node_modules/@hybridmed/onnx/package.json');

const manifest = JSON.parse(readFileSync(join(input.folder, 'export.json'), 'utf8'));
const sizes = { B: 2, L: 7, S: 5, T: 3, P: 4 };

/** A number in [0, 1) that looks random, by the input's place and the element's. */
const noise = (place, i) => Math.abs((Math.sin((i + 1) * 12.9898 + place * 78.233) * 43_758.5453) % 1);

/** Ids below any vocabulary, masks whose later rows are shorter, else numbers in [-1, 1). */
function madeUp(name, { dtype, shape }, place) {
  const bound = shape.map((dim) => (typeof dim === 'number' ? dim : dim.split('+').reduce((sum, part) => sum + (sizes[part.trim()] ?? Number(part)), 0)));
  const length = bound.reduce((a, b) => a * b, 1);
  if (dtype === 'i32')
    return new Tensor(
      'int32',
      Int32Array.from({ length }, (_, i) => Math.floor(noise(place, i) * 100)),
      bound,
    );
  const inMask = (i) => (i % bound[1] < bound[1] - Math.floor(i / bound[1]) ? 1 : 0);
  return new Tensor(
    'float32',
    Float32Array.from({ length }, (_, i) => (name.includes('mask') ? inMask(i) : 2 * noise(place, i) - 1)),
    bound,
  );
}

const outputs = {};
for (const [part, { graphs }] of Object.entries(manifest.parts)) {
  for (const [name, graph] of Object.entries(graphs)) {
    const session = await InferenceSession.create(join(input.folder, graph.file), { intraOpNumThreads: 1, interOpNumThreads: 1 });
    const feeds = Object.fromEntries(Object.entries(graph.inputs).map(([port, spec], place) => [port, madeUp(port, spec, place)]));
    const results = Object.entries(await session.run(feeds));
    outputs[`${part}/${name}`] = Object.fromEntries(results.map(([port, { dims, type, data }]) => [port, { dims, type, data: [...data].map(String) }]));
    await session.release();
  }
}
answer(outputs);
