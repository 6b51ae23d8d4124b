// A page that doubles numbers on the GPU, and says whose adapter it was.
import { graphNodes } from '@hybridmed/tensor';

const adapter = await navigator.gpu.requestAdapter();
if (!adapter) throw new Error('the browser offers no WebGPU adapter');
const device = await adapter.requestDevice();
const values = new Float32Array([1, 2, 3]);
const storage = device.createBuffer({ size: 12, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
const staging = device.createBuffer({ size: 12, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
device.queue.writeBuffer(storage, 0, values);
const code = `@group(0) @binding(0) var<storage, read_write> x: array<f32>;
  @compute @workgroup_size(1) fn main(@builtin(global_invocation_id) id: vec3u) { x[id.x] *= 2; }`;
const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module: device.createShaderModule({ code }) } });
const encoder = device.createCommandEncoder();
const pass = encoder.beginComputePass();
pass.setPipeline(pipeline);
pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer: storage } }] }));
pass.dispatchWorkgroups(3);
pass.end();
encoder.copyBufferToBuffer(storage, staging);
device.queue.submit([encoder.finish()]);
await staging.mapAsync(GPUMapMode.READ);
const fetched = await (await fetch('/given.json')).json();
Object.assign(window, {
  __result: {
    doubled: [...new Float32Array(staging.getMappedRange())],
    architecture: adapter.info.architecture,
    fetched,
    traces: typeof graphNodes,
  },
});
