// The public face of the GPU device; it runs in browsers. What only Node has is `@hybridmed/webgpu/node`.
export { capabilitiesOf } from './device/capabilities.ts';
export { browserWebgpuDevice, requestDevice, webgpuDevice } from './device/device.ts';
export type { BrowserDeviceOptions, WebgpuDevice, WebgpuOptions } from './device/device.ts';
export type { DeviceEvents } from './device/events.ts';
export { measureVariants } from './tuning/measure.ts';
export type { TuningStore, TuningTable } from './tuning/table.ts';
export type { TuningMode, TuningOptions } from './tuning/tuner.ts';
export type { StepTrace, TraceEvent } from './device/trace.ts';
export { DeviceLimitError } from './device/errors.ts';
export type { GpuProgram } from './device/program.ts';
export { prepareKernel } from './device/run-kernel.ts';
export type { KernelOptions, PreparedKernel } from './device/run-kernel.ts';
export type { PlanSummary } from './plan/summary.ts';
