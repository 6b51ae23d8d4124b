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

/** Lets memory run out once, for the first buffer whose label has `text` in it. */
export function runOutOfMemory({ gpu: device }: WebgpuDevice, text: string): void {
  const [create, pop] = [device.createBuffer.bind(device), device.popErrorScope.bind(device)];
  let [met, reported] = [false, false];
  device.createBuffer = (descriptor) => {
    met ||= descriptor.label?.includes(text) ?? false;
    return create(descriptor);
  };
  device.popErrorScope = () => {
    if (!met || reported) return pop();
    reported = true;
    return pop().then(() => ({ message: 'Out of memory' }));
  };
}
