// Validates an exported file against the graph it came from: both run on random inputs.
import type { Model } from '@hybridmed/model';
import { openOnnx } from '@hybridmed/onnx';
import type { Bindings, Device, Graph, HostArray, HostArrays, Tensor } from '@hybridmed/tensor';
import { bindShape, dimSymbols, sizeOf, uniformAt } from '@hybridmed/tensor';

/** Sizes of the check: each symbol its own, none of them 1. */
const sizes: Bindings = { B: 2, L: 7, S: 5, T: 3, P: 4 };

/** Random inputs of a shape: ids below the vocabulary sizes, masks whose last rows are shorter, else uniform in [-1, 1). */
function randomInput(name: string, { shape, dtype }: Tensor, vocabularySize: number, stream: number): HostArray {
  const bound = bindShape(shape, sizes);
  const length = sizeOf(bound);
  const uniform = (i: number): number => uniformAt([1, 2], stream, i);
  if (dtype === 'i32') return { data: Int32Array.from({ length }, (_, i) => Math.floor(uniform(i) * vocabularySize)), shape: bound };
  if (name.includes('mask'))
    return { data: Float32Array.from({ length }, (_, i) => (i % bound[1]! < bound[1]! - Math.floor(i / bound[1]!) ? 1 : 0)), shape: bound };
  return { data: Float32Array.from({ length }, (_, i) => 2 * uniform(i) - 1), shape: bound };
}

/** Max difference, relative to the largest expected value where that is over 1. */
function maxDifference(ours: HostArrays, theirs: HostArrays): number {
  let worst = 0;
  for (const [name, { data, shape }] of Object.entries(theirs)) {
    const other = ours[name];
    if (!other || other.shape.join() !== shape.join()) return Infinity;
    let [difference, scale] = [0, 1];
    for (let i = 0; i < data.length; i++) {
      const own = Math.abs(data[i]! - other.data[i]!);
      if (Number.isNaN(own)) return Infinity;
      difference = Math.max(difference, own);
      scale = Math.max(scale, Math.abs(data[i]!));
    }
    worst = Math.max(worst, difference / scale);
  }
  return worst;
}

/** Max relative difference of a file's outputs from those of its graph on a device. */
export async function checkGraph(device: Device, graph: Graph, parameters: HostArrays, path: string, model: Model): Promise<number> {
  const vocabularySize = Math.min(model.text.vocabulary, model.decoder.config.vocabularySize);
  const inputs = Object.fromEntries(Object.entries(graph.data).map(([name, tensor], i) => [name, randomInput(name, tensor, vocabularySize, i)]));
  const unknown = Object.values(graph.data)
    .flatMap(({ shape }) => shape.flatMap(dimSymbols))
    .find((symbol) => sizes[symbol] === undefined);
  if (unknown !== undefined) throw new Error(`no size for "${unknown}"`);
  const state = device.createState(parameters);
  const program = await device.compile(graph);
  const exported = await openOnnx(path);
  try {
    return maxDifference(await exported.run(inputs), await program.run(inputs, state));
  } finally {
    await exported.close();
    program.release?.();
    state.drop();
  }
}
