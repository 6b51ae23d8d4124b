// What TensorFlow.js lacks as one operation, in its own operations, and waiting for its GPU.
import type { Tf, TfTensor } from './tfjs-types.ts';

/** Submits what was recorded and waits for the GPU. */
export async function finishTf(tf: Tf): Promise<void> {
  const backend = tf.backend();
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  backend.submitQueue();
  await backend.device.queue.onSubmittedWorkDone();
}

/** GELU by the error function: the library has none of its own. */
export const geluTf = (x: TfTensor): TfTensor => x.mul(0.5).mul(x.mul(Math.SQRT1_2).erf().add(1));

/** Layer norm over the last axis: the library's own is a layer of Keras without a gradient kernel; this is its formula. */
export function layerNormTf(x: TfTensor, weight: TfTensor, bias: TfTensor, epsilon: number): TfTensor {
  const centred = x.sub(x.mean(-1, true));
  return centred.mul(centred.square().mean(-1, true).add(epsilon).rsqrt()).mul(weight).add(bias);
}
