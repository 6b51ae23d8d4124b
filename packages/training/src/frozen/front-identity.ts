// What features of a frozen front are known by wherever they are kept: the graph, its parameters' bits, and who computes them.
import type { Device, Graph, HostArrays } from '@hybridmed/tensor';
import { graphNodes } from '@hybridmed/tensor';

const plain = (_key: string, value: unknown): unknown => (ArrayBuffer.isView(value) ? [...(value as Float32Array)] : value);

/** A graph in words: each op with its attributes, the values it reads and the shapes it gives. */
function graphWords(graph: Graph): string {
  const nodes = graphNodes(graph);
  const numbers = new Map(nodes.map((node, number) => [node, number]));
  const lines = nodes.map(({ op, attributes, inputs, outputs }) => [
    op,
    attributes,
    inputs.map(({ node, index }) => [numbers.get(node), index]),
    outputs.map(({ shape, dtype }) => [shape, dtype]),
  ]);
  return JSON.stringify([lines, Object.entries(graph.results).map(([name, { node, index }]) => [name, numbers.get(node), index])], plain);
}

const sha256 = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));

/** Hash, in hexadecimal, of a front on a device with parameters: equal ones make the same bits of the same inputs, which are computed in `chunk`s: so many at a time, padded so. */
export async function frontIdentity(graph: Graph, parameters: HostArrays, { info }: Device, chunk: number | readonly number[]): Promise<string> {
  const hashes: Uint8Array[] = [];
  const names = Object.keys(parameters).toSorted();
  for (const name of names) {
    const { buffer, byteOffset, byteLength } = parameters[name]!.data;
    hashes.push(await sha256(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)));
  }
  const words = JSON.stringify([info.kind, info.name, info.precision ?? 'f32', chunk, names, hashes.map((hash) => [...hash]), graphWords(graph)]);
  return [...(await sha256(new TextEncoder().encode(words)))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
