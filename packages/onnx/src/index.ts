// The public face of the CPU device and ONNX export.
export { cpuDevice } from './device/device.ts';
export type { CpuOptions } from './device/device.ts';
export { exportOnnx } from './export.ts';
