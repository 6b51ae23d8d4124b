// A page that runs exported graphs with onnxruntime-web: outputs against given ones, and the example's generation loop.
import * as ort from 'onnxruntime-web/wasm';
import { greedy } from '../../examples/run-exported/greedy.ts';
import type { Cases, NumberArray } from './cases.ts';

ort.env.wasm.wasmPaths = { wasm: '/ort.wasm' };
ort.env.wasm.numThreads = 1;

const tensor = ({ dtype, shape, data }: NumberArray): ort.Tensor =>
  dtype === 'i32' ? new ort.Tensor('int32', Int32Array.from(data), shape) : new ort.Tensor('float32', Float32Array.from(data), shape);
const tensors = (arrays: Readonly<Record<string, NumberArray>>): Record<string, ort.Tensor> =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, tensor(array)]));

const open = (file: string, external?: string): Promise<ort.InferenceSession> =>
  ort.InferenceSession.create(`/${file}`, external ? { externalData: [{ path: external.split('/').at(-1)!, data: `/${external}` }] } : {});

const cases = (await (await fetch('/cases.json')).json()) as Cases;
const errors: Record<string, number> = {};
for (const { file, external, inputs, outputs } of cases.graphs) {
  const values = await (await open(file, external)).run(tensors(inputs));
  errors[file] = Math.max(
    errors[file] ?? 0,
    ...Object.entries(outputs).map(([name, { data, shape }]) => {
      const { data: ours, dims } = values[name]!;
      if (dims.join() !== shape.join()) return Infinity;
      return data.reduce((most, value, i) => Math.max(most, Math.abs(value - (ours as Float32Array)[i]!)), 0);
    }),
  );
}
const texts: Record<string, number[][]> = {};
for (const { folder, inputs, settings } of cases.texts) {
  const sessions = {
    encoder: await open(`${folder}/encoder.onnx`),
    prefill: await open(`${folder}/prefill.onnx`),
    decode: await open(`${folder}/decode.onnx`),
  };
  texts[folder] = await greedy(ort as never, sessions as never, tensors(inputs) as never, settings);
}
Object.assign(window, { __result: { errors, texts } });
