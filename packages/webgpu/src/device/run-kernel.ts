// One kernel alone, on plain arrays: what the harness and the benchmarks of kernels use.
/// <reference types="@webgpu/types" />
import type { Capabilities, Dispatch, ElementType, Kernel, Numbers } from '@hybridmed/kernels';
import { elementBytes, toHalf } from '@hybridmed/kernels';
import type { GpuContext } from './context.ts';
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

/** A dispatch with its pipeline and its buffers. */
interface PreparedDispatch {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
  readonly uniforms: GPUBuffer;
  /** The buffer that is cleared in place of running it. */
  readonly cleared: GPUBuffer | undefined;
}

/** Compiles a dispatch and binds it to the arrays that it names. */
async function prepareDispatch(
  context: GpuContext,
  { label, code, parameters, reads, writes, workgroups, clears }: Dispatch,
  buffers: ReadonlyMap<string, GPUBuffer>,
  groupThreads: number | undefined,
): Promise<PreparedDispatch> {
  const bound = [...reads, ...writes].map((name) => buffers.get(name)!);
  const written = writes.map((_, i) => reads.length + i);
  const { pipeline, layout } = await context.shader(label, code, bound.length, written, groupThreads);
  const uniforms = context.buffer('parameters', parameters.byteLength, usage.uniform | usage.copyTarget);
  context.gpu.queue.writeBuffer(uniforms, 0, parameters as Uint32Array<ArrayBuffer>);
  const entries = [uniforms, ...bound].map((buffer, binding) => ({ binding, resource: { buffer } }));
  return { pipeline, group: context.gpu.createBindGroup({ layout, entries }), workgroups, uniforms, cleared: clears ? bound[0] : undefined };
}

/** The timestamps of one of the passes that a run falls into: the first says when all began, the last when all ended. */
function stampsOf({ querySet, beginningOfPassWriteIndex, endOfPassWriteIndex }: GPUComputePassTimestampWrites, which: 'all' | 'first' | 'last') {
  return {
    querySet,
    ...(which !== 'last' && beginningOfPassWriteIndex !== undefined ? { beginningOfPassWriteIndex } : {}),
    ...(which !== 'first' && endOfPassWriteIndex !== undefined ? { endOfPassWriteIndex } : {}),
  };
}

/** Encodes all dispatches so many times, in one pass, which clearing an array interrupts. */
function encodeRuns(encoder: GPUCommandEncoder, dispatches: readonly PreparedDispatch[], times: number, stamps?: GPUComputePassTimestampWrites): void {
  const split = dispatches.some(({ cleared }) => cleared !== undefined);
  const begin = (which: 'all' | 'first' | 'last') => encoder.beginComputePass(stamps ? { timestampWrites: stampsOf(stamps, which) } : undefined);
  let pass = begin(split ? 'first' : 'all');
  for (let time = 0; time < times; time++) {
    for (const { pipeline, group, workgroups, cleared } of dispatches) {
      if (cleared) {
        pass.end();
        encoder.clearBuffer(cleared);
        pass = encoder.beginComputePass();
        continue;
      }
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...workgroups);
    }
  }
  pass.end();
  if (split) begin('last').end();
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
  const flags = usage.storage | usage.copySource | usage.copyTarget;
  const buffers = new Map(
    [...inputSpecs, ...outputs, ...temporaries].map(({ name, type, length }) => [name, context.buffer(`array ${name}`, length * elementBytes(type), flags)]),
  );
  inputs.forEach((data, i) => {
    const { name, type } = inputSpecs[i]!;
    if (data.length > 0) write(gpu, buffers.get(name)!, type, data);
  });
  const dispatches = await Promise.all(
    kernel.dispatches(problem, capabilities, variant).map((dispatch) => prepareDispatch(context, dispatch, buffers, groupThreads)),
  );
  const readback = new Readback(context);
  const timer = clock === undefined && gpu.features.has('timestamp-query') ? new PassTimer(context, 1) : undefined;
  return {
    clock: timer ? 'timestamps' : 'host',
    async time(times) {
      const encoder = gpu.createCommandEncoder();
      encodeRuns(encoder, dispatches, times, timer?.writes(0));
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
      encodeRuns(encoder, dispatches, 1);
      const readable = outputs.map(({ name, type, length }) => ({ name, buffer: buffers.get(name)!, offset: 0, length, type, shape: [length] }));
      const { finish } = readback.encode(encoder, readable);
      gpu.queue.submit([encoder.finish()]);
      const result = await context.wait(finish());
      context.check();
      return outputs.map(({ name }) => result[name]!.data as Numbers);
    },
    release() {
      for (const buffer of [...buffers.values(), ...dispatches.map(({ uniforms }) => uniforms)]) buffer.destroy();
      readback.release();
      timer?.release();
    },
  };
}
