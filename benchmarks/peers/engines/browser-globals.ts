// Gives engines that expect a browser the very adapter that this project's own search finds in Node.
import type { NodeAdapterOptions } from '@hybridmed/webgpu/node';
import { requestNodeAdapter } from '@hybridmed/webgpu/node';

/** Puts `navigator.gpu` in place; its adapter is the selected one. */
export async function provideNavigatorGpu(options: NodeAdapterOptions): Promise<void> {
  const { gpu } = await requestNodeAdapter(options);
  const provided = {
    requestAdapter: async () => (await requestNodeAdapter(options)).adapter,
    wgslLanguageFeatures: gpu.wgslLanguageFeatures,
    getPreferredCanvasFormat: () => 'bgra8unorm',
  };
  Object.defineProperty(globalThis, 'navigator', { value: { gpu: provided, userAgent: 'Node.js' }, configurable: true });
}
