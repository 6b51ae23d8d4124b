// What the tests share: one software device, numbers from a seed, a graph run on it and on the plain reference, and comparison.
import { plainDevice } from '@hybridmed/gpujs';
import type { Device, Graph, HostArrays } from '@hybridmed/tensor';
import type { WebgpuDevice } from '@hybridmed/webgpu';
import { nodeWebgpuDevice } from '@hybridmed/webgpu/node';

export { floats, greatestError, ids, mask, positive, scalar } from '../../tensor/test/support/numbers.ts';

export const gpu: WebgpuDevice = await nodeWebgpuDevice();
export const plain: Device = plainDevice({ precision: 'f32' });

/** Results of a graph without state on both devices. */
export async function runBoth(graph: Graph, data: HostArrays): Promise<{ ours: HostArrays; reference: HostArrays }> {
  const [program, interpreter] = await Promise.all([gpu.compile(graph), plain.compile(graph)]);
  const results = { ours: await program.run(data), reference: await interpreter.run(data) };
  program.release?.();
  return results;
}
