// The README's table of WebGPU engines, from the peers suite's document.
import type { SummaryLine } from '../benchmarks/peers/summary.ts';

/** What the table takes from the document. */
export interface PeersResult {
  readonly date: string;
  readonly adapter: string;
  readonly summary: readonly SummaryLine[];
}

const peers = ['onnxruntime', 'jax-js', 'tfjs', 'best'] as const;

/** Names of the columns. */
export const webgpuHead = ['kernel, pass', 'cases', 'ONNX Runtime', 'jax-js', 'TensorFlow.js', 'the fastest of each case (worst)'] as const;

/** A row for each kernel and pass: how many times as fast this project is as each peer, geometric means over the cases that both have right. */
export function webgpuRows({ summary }: PeersResult): string[][] {
  const kinds = [...new Set(summary.map(({ kernel, pass }) => JSON.stringify([kernel, pass])))];
  return kinds.map((kind) => {
    const [kernel, pass] = JSON.parse(kind) as [string, string];
    const of = (peer: string) => summary.find((line) => line.kernel === kernel && line.pass === pass && line.peer === peer);
    const cells = peers.map((peer) => {
      const line = of(peer);
      if (!line) return '';
      return peer === 'best' ? `${line.speedup.toFixed(2)} (${line.worst.toFixed(2)})` : line.speedup.toFixed(2);
    });
    return [`${kernel}, ${pass}`, String(of('best')?.cases ?? 0), ...cells];
  });
}
