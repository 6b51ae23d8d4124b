// Dawn's null backend: it checks shaders and pipelines as any backend does, and runs nothing.
import { create } from 'webgpu';

// What `create()` returns must outlive everything made from it.
const kept = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);

/** A device with every feature the backend knows. */
export async function nullDevice(): Promise<GPUDevice> {
  const adapter = (await kept.requestAdapter())!;
  const wanted = ['shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix'];
  return adapter.requestDevice({ requiredFeatures: wanted.filter((name) => (adapter.features as ReadonlySet<string>).has(name)) as GPUFeatureName[] });
}

/** Errors of a shader, one line each. */
export async function shaderErrors(gpu: GPUDevice, code: string): Promise<string[]> {
  gpu.pushErrorScope('validation');
  const module = gpu.createShaderModule({ code });
  const { messages } = await module.getCompilationInfo();
  const pipeline = await gpu.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } }).catch((error: Error) => error);
  const scoped = await gpu.popErrorScope();
  return [
    ...messages.filter(({ type }) => type === 'error').map(({ lineNum, message }) => `${lineNum}: ${message}`),
    ...(pipeline instanceof Error ? [pipeline.message] : []),
    ...(scoped ? [scoped.message] : []),
  ];
}
