// The GPU device: graphs planned, encoded and run on a WebGPU adapter, in Node or in a browser.
/// <reference types="@webgpu/types" />
import type { Device, Graph, Precision } from '@hybridmed/tensor';
import { DeviceError } from '@hybridmed/tensor';
import { wantedFeatures } from './capabilities.ts';
import type { GpuContext } from './context.ts';
import { contextOf } from './context.ts';
import { deviceName } from './errors.ts';
import type { DeviceEvents } from './events.ts';
import { indexedDbStore } from '../tuning/indexed-db.ts';
import { measureVariants } from '../tuning/measure.ts';
import { identityOf } from '../tuning/table.ts';
import type { TuningMode, TuningOptions } from '../tuning/tuner.ts';
import { Tuner } from '../tuning/tuner.ts';
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
  /** How variants of kernels are chosen; by rule where it is left out. */
  tuning?: TuningOptions;
  /** `mixed` stores activations as f16 and rounds what products of layers read; needs an adapter with 16-bit floats (default `f32`). */
  precision?: Precision;
}

/** What chooses variants on a GPUDevice: one, however many devices are made on it. */
function tunerOf(context: GpuContext): Tuner {
  const { gpu, capabilities } = context;
  context.tuner ??= new Tuner(identityOf(gpu), capabilities, {
    measure: (kernel, problem, deadline) => measureVariants(gpu, kernel, problem, capabilities, deadline),
    tell: (message) => context.events.onMessage?.(message),
  });
  return context.tuner;
}

/**
 * A device that computes on a GPUDevice, which it closes with itself. `name` and `software` say what adapter it came from; `events` listen.
 * Throws a DeviceError for mixed precision on an adapter without 16-bit floats.
 */
export function webgpuDevice(gpu: GPUDevice, { name = 'WebGPU', software = false, events, tuning, precision = 'f32' }: WebgpuOptions = {}): WebgpuDevice {
  const context = contextOf(gpu);
  if (precision === 'mixed' && !context.capabilities.f16)
    throw new DeviceError(deviceName, `mixed precision needs 16-bit floats in shaders (shader-f16), which ${name} does not have; use f32`);
  if (events) context.events = events;
  const tuner = tunerOf(context);
  if (tuning) tuner.configure(tuning);
  return {
    info: { kind: deviceName, name, software, precision },
    gpu,
    choices: tuner,
    compile: async (graph) => compileProgram(context, graph, precision),
    createState: (initial) => new GpuState(context, initial),
    close: async () => {
      await context.enqueue(async () => undefined).catch(() => undefined);
      context.close();
    },
  };
}

/** Options of a device in a browser. */
export interface BrowserDeviceOptions extends GPURequestAdapterOptions {
  events?: DeviceEvents;
  /** Whether kernels' variants are measured, and kept in IndexedDB (default `off`). */
  tuning?: TuningMode;
  /** `f32` (default) or `mixed`. */
  precision?: Precision;
}

/** The browser's own WebGPU as a device. Throws a DeviceError where the browser has none, or none with 16-bit floats for mixed precision. */
export async function browserWebgpuDevice({ events, tuning = 'off', precision = 'f32', ...options }: BrowserDeviceOptions = {}): Promise<WebgpuDevice> {
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu;
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance', ...options });
  if (!adapter) throw new DeviceError(deviceName, 'this browser offers no WebGPU adapter; use a current Chrome, Edge, Safari or Firefox, or the plain device');
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  return webgpuDevice(await requestDevice(adapter), {
    name: [vendor, architecture, description].filter(Boolean).join(' ') || 'WebGPU',
    software: isFallbackAdapter ?? false,
    tuning: { mode: tuning, store: indexedDbStore },
    precision,
    ...(events ? { events } : {}),
  });
}
