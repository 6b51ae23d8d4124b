// What all programs of one GPU device share: pipelines by shader, arenas that grow, one run at a time, and how errors surface.
/// <reference types="@webgpu/types" />
import type { AnyKernel, Capabilities } from '@hybridmed/kernels';
import { DeviceError, DeviceLostError } from '@hybridmed/tensor';
import type { MemoryLimits } from '../plan/memory.ts';
import type { Tuner } from '../tuning/tuner.ts';
import { capabilitiesOf } from './capabilities.ts';
import type { DeviceEvents } from './events.ts';
import { DeviceLimitError, deviceName } from './errors.ts';

// WebGPU's flags by number: Node has no globals for them before an adapter was asked for, and they never change.
export const usage = { mapRead: 1, mapWrite: 2, copySource: 4, copyTarget: 8, uniform: 64, storage: 128, queryResolve: 512 } as const;

/** A pipeline and the layout its bind groups follow. */
export interface CompiledShader {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Shared state of one GPUDevice. */
export class GpuContext {
  readonly gpu: GPUDevice;
  readonly limits: MemoryLimits & { readonly maxInputs: number };
  /** What kernels choose by. */
  readonly capabilities: Capabilities;
  /** What chooses among a kernel's variants. */
  tuner: Tuner | undefined;
  readonly #groupThreads: number;
  readonly #shaders = new Map<string, Promise<CompiledShader>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #arenas: GPUBuffer[] = [];
  /** Listeners to plans, compilation and the traced step. */
  events: DeviceEvents = {};
  /** Grows with every change of an arena: bind groups made before are stale. */
  arenaGeneration = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #lost: string | undefined;
  #failure: string | undefined;
  #exhausted: DeviceLimitError | undefined;

  constructor(gpu: GPUDevice) {
    this.gpu = gpu;
    this.capabilities = capabilitiesOf(gpu);
    // On a processor every thread of a group waits at each barrier in turn; few threads are faster there.
    this.#groupThreads = gpu.adapterInfo?.isFallbackAdapter ? 8 : 64;
    const { minStorageBufferOffsetAlignment, minUniformBufferOffsetAlignment, maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } =
      gpu.limits;
    this.limits = {
      alignment: Math.max(minStorageBufferOffsetAlignment, minUniformBufferOffsetAlignment, 16),
      maxBufferSize: Math.floor(maxBufferSize / 256) * 256,
      maxBindingSize: Math.min(maxStorageBufferBindingSize, maxBufferSize),
      maxInputs: maxStorageBuffersPerShaderStage - 1,
    };
    void gpu.lost.then(
      ({ message, reason }) =>
        (this.#lost = reason === 'destroyed' ? 'the device was closed' : `the device was lost (${message.split('\n')[0] || 'no reason given'})`),
    );
    gpu.addEventListener('uncapturederror', (event) => (this.#failure ??= (event as GPUUncapturedErrorEvent).error.message.split('\n')[0]!));
  }

  /** The variant that a problem takes; undefined for the rule's. */
  variantFor(kernel: AnyKernel, problem: unknown): string | undefined {
    return this.tuner?.variantFor(kernel, problem);
  }

  /** Throws a DeviceError where the device can no longer compute. */
  check(): void {
    if (this.#lost) throw new DeviceLostError(deviceName, this.#lost);
    if (this.#exhausted) throw this.#exhausted;
    if (this.#failure) throw new DeviceError(deviceName, `${this.#failure}; run \`hybridmed verify\` on this adapter, or choose another device`);
  }

  /** Waits for work of the GPU. Throws a DeviceError when it fails: a DeviceLostError where the device is gone. */
  async wait<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      // That the device is lost may be reported a little later than that its work failed.
      await Promise.race([this.gpu.lost, new Promise((resolve) => setTimeout(resolve, 200))]);
      this.check();
      throw new DeviceError(deviceName, `the run failed: ${(error as Error).message.split('\n')[0]}`);
    }
  }

  /** Runs one job after the others. */
  enqueue<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => {
      this.check();
      return job();
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** A buffer of at least `size` bytes, in whole quads, since shaders may read in quads. Throws a DeviceLimitError where it is larger than any that the adapter can hold. */
  buffer(label: string, size: number, flags: number): GPUBuffer {
    if (size > this.limits.maxBufferSize) throw new DeviceLimitError(label, size, { bytes: this.limits.maxBufferSize, verb: 'hold' });
    return this.gpu.createBuffer({ label, size: Math.ceil(Math.max(size, 16) / 16) * 16, usage: flags });
  }

  /** A buffer that programs cannot do without: where memory runs out for it, `check` and every later run throw a DeviceLimitError that names it. */
  keptBuffer(label: string, size: number, flags: number): GPUBuffer {
    this.gpu.pushErrorScope('out-of-memory');
    try {
      return this.buffer(label, size, flags);
    } finally {
      void this.gpu.popErrorScope().then(
        (error) => error && (this.#exhausted ??= new DeviceLimitError(label, size)),
        () => undefined,
      );
    }
  }

  /** A buffer that is there or is refused. Throws a DeviceLimitError where memory runs out for it: nothing else is touched. */
  async surelyBuffer(label: string, size: number, flags: number): Promise<GPUBuffer> {
    this.gpu.pushErrorScope('out-of-memory');
    const buffer = this.buffer(label, size, flags);
    if (!(await this.wait(this.gpu.popErrorScope()))) return buffer;
    buffer.destroy();
    throw new DeviceLimitError(label, size);
  }

  /** Arenas of at least the given sizes; shared by all programs, since only one runs at a time. Throws a DeviceLimitError where memory runs out: other programs still run. */
  async arenas(sizes: readonly number[]): Promise<readonly GPUBuffer[]> {
    const short = sizes.flatMap((size, i) => (this.#arenas[i] && this.#arenas[i].size >= size ? [] : [i]));
    if (short.length === 0) return this.#arenas;
    this.arenaGeneration++;
    for (const i of short) this.#arenas[i]?.destroy();
    this.gpu.pushErrorScope('out-of-memory');
    for (const i of short) this.#arenas[i] = this.buffer(`arena ${i}`, sizes[i]!, usage.storage | usage.copySource | usage.copyTarget);
    if (await this.wait(this.gpu.popErrorScope())) {
      for (const arena of this.#arenas.splice(0)) arena.destroy();
      throw new DeviceLimitError(
        `the intermediates' memory (buffers of ${sizes.join(', ')} bytes)`,
        sizes.reduce((a, b) => a + b, 0),
      );
    }
    return this.#arenas;
  }

  #layout(bindings: number, writes: readonly number[]): GPUBindGroupLayout {
    const key = `${bindings} ${writes.join()}`;
    let layout = this.#layouts.get(key);
    if (!layout) {
      const storage = Array.from({ length: bindings }, (_, i) => ({
        binding: i + 1,
        visibility: 4,
        buffer: { type: writes.includes(i) ? ('storage' as const) : ('read-only-storage' as const) },
      }));
      layout = this.gpu.createBindGroupLayout({ entries: [{ binding: 0, visibility: 4, buffer: { type: 'uniform' } }, ...storage] });
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  /** The pipeline of a shader: each distinct one is compiled once. */
  shader(label: string, code: string, bindings: number, writes: readonly number[], groupThreads = this.#groupThreads): Promise<CompiledShader> {
    const constants: Record<string, number> = code.includes('override groupThreads') ? { groupThreads } : {};
    const key = `${constants['groupThreads'] ?? ''} ${code}`;
    let compiled = this.#shaders.get(key);
    if (!compiled) {
      compiled = this.#compile(label, code, constants, this.#layout(bindings, writes));
      this.#shaders.set(key, compiled);
    }
    return compiled;
  }

  async #compile(label: string, code: string, constants: Record<string, number>, layout: GPUBindGroupLayout): Promise<CompiledShader> {
    const module = this.gpu.createShaderModule({ label, code });
    try {
      const pipeline = await this.gpu.createComputePipelineAsync({
        label,
        layout: this.gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: 'main', constants },
      });
      return { pipeline, layout };
    } catch (error) {
      const { messages } = await module.getCompilationInfo();
      const reason = messages.find(({ type }) => type === 'error')?.message ?? (error as Error).message.split('\n')[0]!;
      throw new DeviceError(deviceName, `the kernel "${label}" does not compile: ${reason}`);
    }
  }

  /** Frees the arenas and the device. */
  close(): void {
    for (const arena of this.#arenas) arena.destroy();
    this.gpu.destroy();
  }
}

const contexts = new WeakMap<GPUDevice, GpuContext>();

/** The context of a GPUDevice: one, however many devices and kernels are made on it. */
export function contextOf(gpu: GPUDevice): GpuContext {
  let context = contexts.get(gpu);
  if (!context) contexts.set(gpu, (context = new GpuContext(gpu)));
  return context;
}
