// A WebGPU adapter in Node through Dawn: the system's hardware first, then software Vulkan. Needs no setting and no system package.
import { dawn } from './dawn.ts';
import { AdapterError } from './errors.ts';
import { hasSystemDrivers, loadVulkanLoader, withSwiftShader } from './vulkan.ts';

/** Which adapters may be taken. */
export interface NodeAdapterOptions {
  /** `true`: only an adapter that runs on the processor; `false`: only hardware; unset: hardware, else software. */
  software?: boolean;
  /** `system`: only what the system's drivers offer; `swiftshader`: only SwiftShader of `@sparticuz/chromium`; unset: the system's, else that. */
  driver?: 'system' | 'swiftshader';
}

/** An adapter as it names itself. */
export interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** True when it runs on the processor (lavapipe, SwiftShader). */
  readonly software: boolean;
}

/** An adapter that is ready for `requestDevice` (once, as WebGPU has it), and the entry point it came from. */
export interface NodeAdapter {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
  readonly info: AdapterInfo;
}

// allow_unsafe_apis gives subgroup matrices; NVIDIA's f16 is off by default on Vulkan; quantized timestamps are too coarse to tune by.
const dawnFlags = ['enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia', 'disable-dawn-features=timestamp_quantization'];

type Source = 'system' | 'swiftshader';

// What `create()` returns must never be collected: the process crashes. It outlives even a module that is loaded twice.
const keep = Symbol.for('hybridmed.webgpu.instances');
const global = globalThis as typeof globalThis & { [keep]?: Map<Source, GPU> };

async function instance(source: Source): Promise<GPU> {
  const { create } = await dawn();
  const instances = (global[keep] ??= new Map());
  let gpu = instances.get(source);
  if (!gpu) {
    gpu = create(dawnFlags);
    instances.set(source, gpu);
  }
  return gpu;
}

async function request(source: Source, software: boolean): Promise<NodeAdapter | undefined> {
  const gpu = await instance(source);
  // Dawn forces SwiftShader alone: other software drivers, as lavapipe, come where nothing else is there to be preferred.
  const forced = software ? await gpu.requestAdapter({ forceFallbackAdapter: true }) : null;
  const adapter = forced ?? (await gpu.requestAdapter({ powerPreference: software ? 'low-power' : 'high-performance' }));
  if (!adapter || adapter.info.isFallbackAdapter !== software) return undefined;
  const { vendor, architecture, device, description } = adapter.info;
  return { gpu, adapter, info: { vendor, architecture, device, description, software } };
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!;

async function find({ software, driver }: NodeAdapterOptions): Promise<NodeAdapter> {
  const linux = process.platform === 'linux';
  const kinds = software === undefined ? [false, true] : [software];
  const tried: string[] = [];
  if (driver === 'swiftshader') {
    tried.push('only SwiftShader was asked for');
  } else if (linux && !hasSystemDrivers()) {
    // Without a driver Dawn writes warnings of its own to standard error: do not even ask.
    tried.push('the system lists no Vulkan driver');
  } else {
    for (const kind of kinds) {
      const name = kind ? 'software' : 'hardware';
      try {
        if (linux) await loadVulkanLoader();
        const adapter = await request('system', kind);
        if (adapter) return adapter;
        tried.push(`the system's drivers offer no ${name} adapter`);
      } catch (error) {
        tried.push(`the system's ${name} adapter: ${reason(error)}`);
      }
    }
  }
  if (software !== false && driver !== 'system' && linux && process.arch === 'x64') {
    try {
      await loadVulkanLoader();
      const adapter = await withSwiftShader(() => request('swiftshader', true));
      if (adapter) return adapter;
      tried.push('SwiftShader offers no adapter');
    } catch (error) {
      tried.push(`SwiftShader: ${reason(error)}`);
    }
  }
  throw new AdapterError(
    tried,
    software === false
      ? 'install a Vulkan driver for your GPU, or choose another device'
      : 'install a Vulkan driver, or a software one: npm install @sparticuz/chromium@147.0.0 (Linux x64)',
  );
}

let turn: Promise<unknown> = Promise.resolve();

/**
 * Requests a WebGPU adapter in Node: the system's hardware, else its software Vulkan (Mesa lavapipe >= 25), else
 * SwiftShader from the optional peer dependency `@sparticuz/chromium`, unpacked once to the user's cache folder. WebGPU's
 * constants (`GPUBufferUsage` and the like) become globals where they are missing. Throws an AdapterError that says what
 * was tried and what to install, and a DeviceError where the optional peer dependency `webgpu` (Dawn) is not installed.
 */
export async function requestNodeAdapter(options: NodeAdapterOptions = {}): Promise<NodeAdapter> {
  const { globals } = await dawn();
  for (const [name, value] of Object.entries(globals)) {
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  // One at a time, since the driver is chosen by the environment of the process.
  const adapter = turn.then(() => find(options));
  turn = adapter.catch(() => undefined);
  return adapter;
}
