// The GPU device: graphs planned, encoded and run on a WebGPU adapter, in Node or in a browser.
/// <reference types="@webgpu/types" />
import type { Device, Graph } from '@hybridmed/tensor';
import { DeviceError } from '@hybridmed/tensor';
import { wantedFeatures } from './capabilities.ts';
import { contextOf } from './context.ts';
import { deviceName } from './errors.ts';
import type { DeviceEvents } from './events.ts';
import type { GpuProgram } from './program.ts';
import { compileProgram } from './program.ts';
import { GpuState } from './state.ts';

/** A device on WebGPU: its programs also say what they will take. */
export interface WebgpuDevice extends Device {
  readonly gpu: GPUDevice;
  compile(graph: Graph): Promise<GpuProgram>;
}

/** Limits asked for as high as the adapter goes: sizes of buffers and bindings, and bindings per shader. */
const raised = ['maxBufferSize', 'maxStorageBufferBindingSize', 'maxStorageBuffersPerShaderStage'] as const;

/** Requests the GPU device of an adapter with the limits that models need. Throws a DeviceError where the adapter refuses. */
export async function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  try {
    return await adapter.requestDevice({
      requiredLimits: Object.fromEntries(raised.map((name) => [name, adapter.limits[name]])),
      requiredFeatures: wantedFeatures.filter((name) => (adapter.features as ReadonlySet<string>).has(name)) as GPUFeatureName[],
    });
  } catch (error) {
    throw new DeviceError(deviceName, `the adapter gives no device (${(error as Error).message.split('\n')[0]}); update its driver or choose another device`);
  }
}

/** What is known of a device beside its GPUDevice: the adapter it came from, and who listens. */
export interface WebgpuOptions {
  name?: string;
  software?: boolean;
  events?: DeviceEvents;
}

/** A device that computes on a GPUDevice, which it closes with itself. `name` and `software` say what adapter it came from; `events` listen. */
export function webgpuDevice(gpu: GPUDevice, { name = 'WebGPU', software = false, events }: WebgpuOptions = {}): WebgpuDevice {
  const context = contextOf(gpu);
  if (events) context.events = events;
  return {
    info: { kind: deviceName, name, software },
    gpu,
    compile: async (graph) => compileProgram(context, graph),
    createState: (initial) => new GpuState(context, initial),
    close: async () => {
      await context.enqueue(async () => undefined).catch(() => undefined);
      context.close();
    },
  };
}

/** The browser's own WebGPU as a device. Throws a DeviceError where the browser has none. */
export async function browserWebgpuDevice(options: GPURequestAdapterOptions = { powerPreference: 'high-performance' }): Promise<WebgpuDevice> {
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu;
  const adapter = await gpu?.requestAdapter(options);
  if (!adapter) throw new DeviceError(deviceName, 'this browser offers no WebGPU adapter; use a current Chrome, Edge, Safari or Firefox, or the plain device');
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  return webgpuDevice(await requestDevice(adapter), {
    name: [vendor, architecture, description].filter(Boolean).join(' ') || 'WebGPU',
    software: isFallbackAdapter ?? false,
  });
}
