// What the tests share: numbers from a seed, a trace run on the CPU device and the plain reference, and comparison.
import { plainDevice } from '@hybridmed/gpujs';
import { cpuDevice } from '@hybridmed/onnx';
import type { Device, Graph, HostArrays } from '@hybridmed/tensor';

export { floats, greatestError, ids, mask, positive, scalar } from '../../tensor/test/support/numbers.ts';

export const cpu: Device = cpuDevice({ threads: 2 });
export const plain: Device = plainDevice({ precision: 'f32' });

/** Results of a graph without state on both devices. */
export async function runBoth(graph: Graph, data: HostArrays): Promise<{ cpu: HostArrays; plain: HostArrays }> {
  const [ours, reference] = await Promise.all([cpu.compile(graph), plain.compile(graph)]);
  return { cpu: await ours.run(data), plain: await reference.run(data) };
}
