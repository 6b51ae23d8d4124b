// For TypeScript before 6, whose DOM library has no WebGPU.
/// <reference types="@webgpu/types" />
export * from '../dist/index.js';
