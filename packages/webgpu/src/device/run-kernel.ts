// One kernel alone, on plain arrays: what the harness and the benchmarks of kernels use.
/// <reference types="@webgpu/types" />
import type { Capabilities, ElementType, Kernel, Numbers } from '@hybridmed/kernels';
import { elementBytes, toHalf } from '@hybridmed/kernels';
import { contextOf, usage } from './context.ts';
import { PassTimer } from './pass-timer.ts';
import { Readback } from './readback.ts';

/** A kernel's problem on the GPU, ready to be run many times. */
export interface PreparedKernel {
  /** How `time` measures: the GPU's own timestamps where the device has them, else the host's clock around the submission. */
  readonly clock: 'timestamps' | 'host';
  /** Runs `times` times in one submission and waits. Returns milliseconds of the whole. */
  time(times: number): Promise<number>;
  /** Runs once and returns the outputs. */
  run(): Promise<Numbers[]>;
  release(): void;
}

/** How a kernel is prepared. */
export interface KernelOptions {
  /** Threads of a group that shares an item; by default what suits the adapter. */
  readonly groupThreads?: number;
  /** What to choose by; by default what the adapter can do. */
  readonly capabilities?: Capabilities;
  /** One of the kernel's variants; by default the first. */
  readonly variant?: string;
  /** `host` measures by the host's clock even where the device has timestamps. */
  readonly clock?: 'host';
}

/** Writes numbers as an array's type, in whole words. */
function write(gpu: GPUDevice, buffer: GPUBuffer, type: ElementType, data: Numbers): void {
  const values = type === 'f16' ? toHalf(data.length % 2 === 0 ? data : [...data, 0]) : (data as Float32Array<ArrayBuffer>);
  gpu.queue.writeBuffer(buffer, 0, values);
}

/** Puts a problem's inputs on the GPU and compiles its shaders. Outputs begin as zeros. */
export async function prepareKernel<P>(
  gpu: GPUDevice,
  kernel: Kernel<P>,
  problem: P,
  inputs: readonly Numbers[],
  { groupThreads, capabilities = contextOf(gpu).capabilities, variant, clock }: KernelOptions = {},
): Promise<PreparedKernel> {
  const context = contextOf(gpu);
  const { inputs: inputSpecs, outputs, temporaries = [] } = kernel.arrays(problem, capabilities, variant);
  const specs = [...inputSpecs, ...outputs, ...temporaries];
  const flags = usage.storage | usage.copySource | usage.copyTarget;
  const buffers = specs.map(({ type, length }, i) => context.buffer(`array ${i}`, length * elementBytes(type), flags));
  inputs.forEach((data, i) => {
    if (data.length > 0) write(gpu, buffers[i]!, specs[i]!.type, data);
  });
  const dispatches = await Promise.all(
    kernel.dispatches(problem, capabilities, variant).map(async ({ label, code, parameters, arrays, writes, workgroups, clears }) => {
      const { pipeline, layout } = await context.shader(
        label,
        code,
        arrays.length,
        writes.map((i) => arrays.indexOf(i)),
        groupThreads,
      );
      const uniforms = context.buffer('parameters', parameters.byteLength, usage.uniform | usage.copyTarget);
      gpu.queue.writeBuffer(uniforms, 0, parameters as Uint32Array<ArrayBuffer>);
      const entries = [{ binding: 0, resource: { buffer: uniforms } }, ...arrays.map((i, k) => ({ binding: k + 1, resource: { buffer: buffers[i]! } }))];
      return { pipeline, group: gpu.createBindGroup({ layout, entries }), workgroups, uniforms, ...(clears ? { clears: buffers[arrays[0]!]! } : {}) };
    }),
  );
  /** Clearing an array interrupts a pass: the first then tells when it all began, the last when it ended. */
  const encode = (encoder: GPUCommandEncoder, times: number, stamps?: GPUComputePassTimestampWrites) => {
    const split = dispatches.some(({ clears }) => clears !== undefined);
    const begin = (which: 'all' | 'first' | 'inner' | 'last') => {
      if (!stamps || which === 'inner') return encoder.beginComputePass();
      const { querySet, beginningOfPassWriteIndex, endOfPassWriteIndex } = stamps;
      const timestampWrites = {
        querySet,
        ...(which !== 'last' && beginningOfPassWriteIndex !== undefined ? { beginningOfPassWriteIndex } : {}),
        ...(which !== 'first' && endOfPassWriteIndex !== undefined ? { endOfPassWriteIndex } : {}),
      };
      return encoder.beginComputePass({ timestampWrites });
    };
    let pass = begin(split ? 'first' : 'all');
    for (let time = 0; time < times; time++) {
      for (const { pipeline, group, workgroups, clears } of dispatches) {
        if (clears) {
          pass.end();
          encoder.clearBuffer(clears);
          pass = begin('inner');
          continue;
        }
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...workgroups);
      }
    }
    pass.end();
    if (split) begin('last').end();
  };
  const readback = new Readback(context);
  const timer = clock === undefined && gpu.features.has('timestamp-query') ? new PassTimer(context, 1) : undefined;
  return {
    clock: timer ? 'timestamps' : 'host',
    async time(times) {
      const encoder = gpu.createCommandEncoder();
      encode(encoder, times, timer?.writes(0));
      timer?.resolve(encoder);
      const start = performance.now();
      gpu.queue.submit([encoder.finish()]);
      await context.wait(gpu.queue.onSubmittedWorkDone());
      const elapsed = performance.now() - start;
      const [span] = timer ? await timer.read() : [];
      // An adapter may give nothing useful for a pass: then the host's clock counts.
      return span && span.end > span.start ? span.end - span.start : elapsed;
    },
    async run() {
      const encoder = gpu.createCommandEncoder();
      encode(encoder, 1);
      const arrays = outputs.map(({ type, length }, i) => ({
        name: String(i),
        buffer: buffers[inputSpecs.length + i]!,
        offset: 0,
        length,
        type,
        shape: [length],
      }));
      const { finish } = readback.encode(encoder, arrays);
      gpu.queue.submit([encoder.finish()]);
      const result = await context.wait(finish());
      context.check();
      return outputs.map((_, i) => result[String(i)]!.data as Numbers);
    },
    release() {
      for (const buffer of [...buffers, ...dispatches.map(({ uniforms }) => uniforms)]) buffer.destroy();
      readback.release();
      timer?.release();
    },
  };
}
