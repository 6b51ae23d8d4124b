// Rows of the results about WebGPU engines, from the peers suite's document.
import type { Row } from '../benchmarks/harness/row.ts';
import type { SummaryLine } from '../benchmarks/peers/summary.ts';

/** What the table takes from the document. */
export interface PeersResult {
  readonly date: string;
  readonly adapter: string;
  readonly summary: readonly SummaryLine[];
  readonly rows: readonly Pick<Row, 'engine' | 'kernel' | 'case' | 'pass' | 'ok' | 'ms'>[];
}

/** Cases that no other engine computes correctly: they are in no mean. */
export function casesWithoutPeer({ rows }: PeersResult): string[] {
  const same = (a: PeersResult['rows'][number], b: PeersResult['rows'][number]) => a.kernel === b.kernel && a.case === b.case && a.pass === b.pass;
  const alone = rows.filter((own) => own.engine === 'hybridmed' && !rows.some((row) => row.engine !== 'hybridmed' && row.ok && same(row, own)));
  return alone.map(({ kernel, case: name, pass }) => `${kernel}: ${name}, ${pass}`);
}

const peers = ['onnxruntime', 'jax-js', 'tfjs', 'best'] as const;

/** Names of the columns. */
export const webgpuHead = ['kernel, pass', 'cases', 'ONNX Runtime', 'jax-js', 'TensorFlow.js', 'best competitor per case (worst case)'] as const;

/**
 * A row for each kernel and pass: how many times as fast this project is as each peer, geometric means over the cases that both compute correctly.
 * Where a peer has fewer cases than were measured, their number is shown in parentheses.
 */
export function webgpuRows({ summary }: PeersResult): string[][] {
  const kinds = [...new Set(summary.map(({ kernel, pass }) => JSON.stringify([kernel, pass])))];
  return kinds.map((kind) => {
    const [kernel, pass] = JSON.parse(kind) as [string, string];
    const of = (peer: string) => summary.find((line) => line.kernel === kernel && line.pass === pass && line.peer === peer);
    const cells = peers.map((peer) => {
      const line = of(peer);
      if (!line) return '';
      if (peer === 'best') return `${line.speedup.toFixed(2)} (${line.worst.toFixed(2)})`;
      return line.cases < (of('best')?.cases ?? 0) ? `${line.speedup.toFixed(2)} (${line.cases} of ${of('best')!.cases})` : line.speedup.toFixed(2);
    });
    return [`${kernel}, ${pass}`, String(of('best')?.cases ?? 0), ...cells];
  });
}
