// Exported graphs in Node, in the browser and in Python: the numbers of the plain reference, and the texts of a checkpoint's own generator.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { plainDevice } from '@hybridmed/gpujs';
import { initialize } from '@hybridmed/nn';
import { openOnnx } from '@hybridmed/onnx';
import type { Bindings, HostArray, HostArrays, Tensor } from '@hybridmed/tensor';
import { bindShape } from '@hybridmed/tensor';
import { trainWordPiece } from '@hybridmed/text';
import { createGenerator, createModel, partGraphs, presetModel } from 'hybridmed';
import type { PartName } from 'hybridmed';
import { exportCheckpoint, saveCheckpoint } from 'hybridmed/node';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { greedy } from '../../examples/run-exported/greedy.ts';
import { runInBrowser } from '../browser/run-in-browser.ts';
import type { Cases } from './cases.ts';
import { plainArrays } from './cases.ts';

const folder = mkdtempSync(join(tmpdir(), 'hybridmed-exported-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const tokenizer = trainWordPiece(['No acute disease.', 'Small left effusion.', 'The heart is enlarged.', 'Large right pneumothorax.'], { size: 120 });
const config = presetModel('tiny', tokenizer.vocabularySize, tokenizer.special);
const model = createModel(config);
// Ten times the usual start values, so that texts are not all alike.
const parameters: HostArrays = Object.fromEntries(
  Object.entries(initialize(model.parameters, 7)).map(([name, { data, shape }]) => [name, { data: shape.length >= 2 ? data.map((x) => 10 * x) : data, shape }]),
);
const parts: PartName[] = ['vision', 'text', 'align', 'caption', 'summarize'];
/** Greatest error of f32 exports; and, on untrained weights ten times as great as usual, of the smaller ones. */
const bounds = { f32: 1e-4, f16: 1e-2, int8: 0.5 } as const;

/** Numbers of an input's shape: ids, masks that end early in later rows, else waves. */
function numbers(name: string, { shape, dtype }: Tensor, sizes: Bindings, phase: number): HostArray {
  const dims = bindShape(shape, sizes);
  const length = dims.reduce((a, b) => a * b, 1);
  if (dtype === 'i32') return { data: Int32Array.from({ length }, (_, i) => 5 + ((i * 7 + phase) % (tokenizer.vocabularySize - 5))), shape: dims };
  if (name.includes('mask'))
    return { data: Float32Array.from({ length }, (_, i) => (i % dims[1]! < dims[1]! - Math.floor(i / dims[1]!) ? 1 : 0)), shape: dims };
  return { data: Float32Array.from({ length }, (_, i) => Math.sin(i * 1.7 + phase)), shape: dims };
}

interface Found {
  readonly errors: Readonly<Record<string, number>>;
  readonly texts: Readonly<Record<string, number[][]>>;
}

let cases: Cases;
let expected: Readonly<Record<string, number[][]>>;
const files: Record<string, string> = {};

beforeAll(async () => {
  const checkpoint = join(folder, 'checkpoint');
  const input = { resize: 36, findingsLength: 128, impressionLength: 48 };
  await saveCheckpoint(checkpoint, { config: { formatVersion: 2, preset: 'tiny', stage: 2, model: config, input }, tokenizer: tokenizer.toJSON(), parameters });
  await exportCheckpoint({ checkpoint, parts, out: folder });
  await exportCheckpoint({ checkpoint, parts: ['caption'], out: join(folder, 'outside'), inlineLimit: 0 });
  for (const precision of ['f16', 'int8'] as const) await exportCheckpoint({ checkpoint, parts: ['text', 'vision'], out: join(folder, precision), precision });
  const device = plainDevice();
  const state = device.createState(parameters);
  const graphs: Cases['graphs'][number][] = [];
  for (const part of parts) {
    for (const [name, graph] of Object.entries(partGraphs(model, part))) {
      const program = await device.compile(graph);
      // Two batches and lengths through the same file.
      for (const sizes of [
        { B: 2, L: 7, S: part === 'summarize' ? 7 : 16, T: 3, P: 4 },
        { B: 3, L: 2, S: 2, T: 1, P: 1 },
      ]) {
        const inputs = Object.fromEntries(Object.entries(graph.data).map(([key, tensor], i) => [key, numbers(key, tensor, sizes, i)]));
        const outputs = await program.run(inputs, state);
        graphs.push({ file: `${part}/${name}.onnx`, inputs: plainArrays(inputs), outputs: plainArrays(outputs) });
        for (const precision of ['f16', 'int8'])
          if (part === 'text' || part === 'vision') graphs.push({ ...graphs.at(-1)!, file: `${precision}/${part}/${name}.onnx` });
        if (part === 'caption') graphs.push({ ...graphs.at(-1)!, file: `outside/${part}/${name}.onnx`, external: `outside/${part}/${name}.onnx.data` });
      }
    }
  }
  const image = numbers('image', partGraphs(model, 'vision').encoder!.data.image!, { B: 2 }, 1);
  const ids = { data: Int32Array.of(2, 9, 8, 7, 3, 2, 6, 3, 0, 0), shape: [2, 5] };
  const mask = { data: Float32Array.of(1, 1, 1, 1, 1, 1, 1, 1, 0, 0), shape: [2, 5] };
  const settings = { special: tokenizer.special, maxTokens: 8 };
  cases = {
    graphs,
    texts: [
      { folder: 'caption', inputs: plainArrays({ image }), settings },
      { folder: 'summarize', inputs: plainArrays({ ids, mask }), settings },
    ],
  };
  const own = async (branch: 'image' | 'findings', inputs: HostArrays) =>
    (await (await createGenerator(device, state, model, branch, { maxTokens: 8 })).generate(inputs)).map((text) => [...text.ids]);
  expected = { caption: await own('image', { image }), summarize: await own('findings', { findings: ids, findings_mask: mask }) };
  writeFileSync(join(folder, 'cases.json'), JSON.stringify(cases));
  files['/cases.json'] = join(folder, 'cases.json');
  for (const { file, external } of graphs) for (const path of [file, ...(external ? [external] : [])]) files[`/${path}`] = join(folder, path);
});

function holds({ errors, texts }: Found): void {
  expect(Object.keys(errors)).toHaveLength(17);
  for (const [file, error] of Object.entries(errors)) expect(error, file).toBeLessThan(bounds[file.split('/')[0] as 'f16'] ?? bounds.f32);
  expect(texts).toEqual(expected);
}

test('the texts differ between studies, so that agreeing on them says something', () => {
  expect(new Set(Object.values(expected).flat().map(String)).size).toBeGreaterThan(1);
});

test('in Node', async () => {
  const errors: Record<string, number> = {};
  const host = ({ dtype, shape, data }: Cases['graphs'][number]['inputs'][string]): HostArray => ({
    data: dtype === 'i32' ? Int32Array.from(data) : Float32Array.from(data),
    shape,
  });
  const hosts = (arrays: Cases['graphs'][number]['inputs']): HostArrays =>
    Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, host(array)]));
  for (const { file, inputs, outputs } of cases.graphs) {
    const exported = await openOnnx(join(folder, file));
    const values = await exported.run(hosts(inputs));
    const gaps = Object.entries(outputs).map(([name, { data, shape }]) =>
      values[name]!.shape.join() === shape.join() ? data.reduce((most, value, i) => Math.max(most, Math.abs(value - values[name]!.data[i]!)), 0) : Infinity,
    );
    errors[file] = Math.max(errors[file] ?? 0, ...gaps);
    await exported.close();
  }
  const texts: Record<string, number[][]> = {};
  for (const { folder: part, inputs, settings } of cases.texts) {
    const open = (name: string) => ort.InferenceSession.create(join(folder, part, `${name}.onnx`));
    const tensors = Object.fromEntries(
      Object.entries(hosts(inputs)).map(([name, { data, shape }]) => [
        name,
        data instanceof Int32Array ? new ort.Tensor('int32', data, shape) : new ort.Tensor('float32', data as Float32Array, shape),
      ]),
    );
    texts[part] = await greedy(ort, { encoder: await open('encoder'), prefill: await open('prefill'), decode: await open('decode') }, tensors, settings);
  }
  holds({ errors, texts });
});

test('in the browser', async () => {
  const wasm = join(dirname(createRequire(import.meta.url).resolve('onnxruntime-web/wasm')), 'ort-wasm-simd-threaded.wasm');
  holds(await runInBrowser<Found>(here('page.ts'), { files: { ...files, '/ort.wasm': wasm }, timeout: 120_000 }));
}, 180_000);

const python = process.env['HYBRIDMED_PYTHON'] ?? 'python3';
const hasPython = await promisify(execFile)(python, ['-c', 'import numpy, onnx, onnxruntime']).then(
  () => true,
  () => false,
);

describe.skipIf(!hasPython)('in Python (numpy, onnx, onnxruntime; HYBRIDMED_PYTHON names the interpreter)', () => {
  test("ONNX's checker passes every file, sizes are open, numbers and texts are the same", async () => {
    const { stdout } = await promisify(execFile)(python, [here('check.py'), folder, dirname(here('../../examples/run-exported/generate.py'))]);
    const { opens, ...found } = JSON.parse(stdout) as Found & { opens: Readonly<Record<string, string[]>> };
    holds(found);
    expect(opens['text/encoder.onnx']).toEqual(['B', 'L']);
    expect(opens['caption/prefill.onnx']).toEqual(['B', 'S', 'T']);
    expect(opens['summarize/decode.onnx']).toEqual(['B', 'P', 'S']);
  }, 120_000);
});

test('the examples are where their README says', () => {
  for (const file of ['greedy.ts', 'main.ts', 'browser.ts', 'generate.py']) expect(existsSync(here(`../../examples/run-exported/${file}`)), file).toBe(true);
});
