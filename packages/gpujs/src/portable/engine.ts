// gpu.js itself: one instance, kernels kept by source.
import * as gpujs from '#gpu.js';
import { DeviceLostError } from '@hybridmed/tensor';
import type { IKernelRunShortcut } from '#gpu.js';

/** Runs kernels by source. */
export interface Engine {
  /** `webgl`, or `cpu` for plain JavaScript. */
  readonly kind: 'webgl' | 'cpu';
  /** Throws a DeviceLostError where nothing can be computed any more: the engine was closed, or WebGL lost its context. */
  check(): void;
  /** One result per thread, `length` of them, in a fresh array. Throws a DeviceLostError. */
  run(source: string, length: number, inputs: readonly (Float32Array | number)[]): Float32Array;
  close(): void;
}

// gpu.js is CommonJS: a bundler may hand its exports over as the default one.
const { GPU } = ('GPU' in gpujs ? gpujs : (gpujs as { default: typeof gpujs }).default) as typeof gpujs;

/** Opens gpu.js. Its WebGL needs single-precision textures; without them plain JavaScript computes. */
export function openEngine(mode: 'auto' | 'cpu'): Engine {
  const webgl = mode === 'auto' && (GPU.isWebGL2Supported || GPU.isHeadlessGLSupported) && GPU.isSinglePrecisionSupported;
  const gpu = new GPU({ mode: webgl ? 'gpu' : 'cpu' });
  const kernels = new Map<string, IKernelRunShortcut>();
  let closed = false;
  const check = (): void => {
    if (closed) throw new DeviceLostError('gpujs', 'the device was closed');
    const context = gpu.context as { isContextLost?(): boolean } | null | undefined;
    if (webgl && context?.isContextLost?.()) throw new DeviceLostError('gpujs', 'the WebGL context was lost');
  };
  return {
    kind: webgl ? 'webgl' : 'cpu',
    check,
    run(source, length, inputs) {
      let kernel = kernels.get(source);
      if (!kernel) {
        // Typings lack `loopMaxIterations`, without which WebGL 1 cuts loops at 1,000.
        const settings = { dynamicOutput: true, dynamicArguments: true, precision: 'single' as const, loopMaxIterations: 1_000_000 };
        kernel = gpu.createKernel(source as never, settings) as IKernelRunShortcut;
        kernels.set(source, kernel);
      }
      kernel.setOutput([length]);
      const results = Float32Array.from(kernel(...(inputs as Float32Array[])) as Float32Array);
      // A context that was lost meanwhile gives zeros.
      check();
      return results;
    },
    close() {
      closed = true;
      kernels.clear();
      void gpu.destroy();
    },
  };
}
