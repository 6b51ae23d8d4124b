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

/** Normalized over axes: the library's own norms are layers of Keras without a gradient kernel; this is their formula. */
function normTf(x: TfTensor, axes: number | number[], weight: TfTensor, bias: TfTensor, epsilon: number): TfTensor {
  const centred = x.sub(x.mean(axes, true));
  return centred.mul(centred.square().mean(axes, true).add(epsilon).rsqrt()).mul(weight).add(bias);
}

/** Layer norm over the last axis. */
export const layerNormTf = (x: TfTensor, weight: TfTensor, bias: TfTensor, epsilon: number): TfTensor => normTf(x, -1, weight, bias, epsilon);

/** Batch norm of (batch, channels, places) by the batch's own statistics. */
export const batchNormTf = (x: TfTensor, weight: TfTensor, bias: TfTensor, epsilon: number): TfTensor =>
  normTf(x, [0, 2], weight.reshape([1, weight.shape[0]!, 1]), bias.reshape([1, weight.shape[0]!, 1]), epsilon);
