// The public face of the CPU device and ONNX export.
export { cpuDevice } from './device/device.ts';
export type { CpuOptions } from './device/device.ts';
export { exportOnnx, opsetRange } from './export.ts';
export type { ExportOptions } from './export.ts';
export { openOnnx } from './session/model.ts';
export type { OnnxModel } from './session/model.ts';
export type { Precision } from './model/target.ts';
export type { OnnxFile } from './model/initializers.ts';
