// One step as a trace that Chrome's and Perfetto's viewers open: each dispatch with its kernel, time, operations and bytes.
import type { Bindings } from '@hybridmed/tensor';
import type { PlannedDispatch } from '../plan/values.ts';

/** One event of the Trace Event Format; times in microseconds. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: 'X' | 'M';
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** The document that viewers open (Trace Event Format, JSON object form). */
export interface StepTrace {
  readonly displayTimeUnit: 'ms';
  readonly traceEvents: readonly TraceEvent[];
  readonly otherData: Readonly<Record<string, unknown>>;
}

/** Rates of a span in billions a second. */
const rate = (amount: number, milliseconds: number): number => (milliseconds > 0 ? Number((amount / milliseconds / 1e6).toPrecision(4)) : 0);

/** The trace of a plan's dispatches and when each ran. */
export function stepTrace(dispatches: readonly PlannedDispatch[], spans: readonly Span[], adapter: string, bindings: Bindings): StepTrace {
  const begin = spans.reduce((least, { start }) => Math.min(least, start), Infinity);
  const name = (what: 'process_name' | 'thread_name', text: string): TraceEvent => ({ name: what, ph: 'M', pid: 1, tid: 1, args: { name: text } });
  const events = dispatches.map(({ label, workgroups, flops, bytes }, index): TraceEvent => {
    const { start, end } = spans[index]!;
    const rates = { gflops: rate(flops, end - start), gbps: rate(bytes, end - start) };
    return {
      name: label,
      cat: 'kernel',
      ph: 'X',
      pid: 1,
      tid: 1,
      ts: (start - begin) * 1000,
      dur: Math.max(0, end - start) * 1000,
      args: { index, workgroups, flops, bytes, ...rates },
    };
  });
  return {
    displayTimeUnit: 'ms',
    traceEvents: [name('process_name', adapter), name('thread_name', 'compute passes'), ...events],
    otherData: { adapter, bindings, dispatches: dispatches.length, milliseconds: spans.reduce((total, { start, end }) => total + Math.max(0, end - start), 0) },
  };
}

/** When a pass began and ended, in milliseconds on the GPU's clock. */
export interface Span {
  readonly start: number;
  readonly end: number;
}
