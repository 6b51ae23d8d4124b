// Frees memory at once that the garbage collector would free later.
import { MessageChannel } from 'node:worker_threads';

/**
 * Frees array buffers. ONNX Runtime's binding copies every output into a new one, preallocated outputs too: without this, several steps'
 * copies of the gradients would wait for a collection. Transferring buffers to a closed port detaches and drops them.
 */
export function discard(buffers: readonly ArrayBuffer[]): void {
  if (buffers.length === 0) return;
  const { port1, port2 } = new MessageChannel();
  port2.close();
  port1.postMessage(undefined, [...buffers]);
  port1.close();
}
