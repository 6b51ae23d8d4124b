// What every engine's measurement of a case is written as, and how samples become one.
import type { Cost } from '@hybridmed/kernels';

/** One engine's time for one case. Rows of all engines agree in `kernel`, `case` and `pass`. */
export interface Row {
  readonly suite: string;
  /** The kernel's folder. */
  readonly kernel: string;
  readonly case: string;
  readonly pass: 'forward' | 'backward';
  readonly adapter: string;
  /** `hybridmed`, or a peer's name. */
  readonly engine: string;
  /** The kernel's variant, if it was selected by measuring. */
  readonly variant?: string;
  /** Milliseconds of one run: the median of the samples. */
  readonly ms: number;
  /** Milliseconds of one run, each from one submission: what `compare` takes for the noise. */
  readonly samples: readonly number[];
  /** The GPU's own timestamps, or the host's clock around submissions. */
  readonly clock: 'timestamps' | 'host';
  readonly gflops: number;
  readonly gbps: number;
  /** Share of the time that the adapter's own roofline would take. */
  readonly rooflinePercent: number;
  /** Maximum difference from the reference relative to its maximum; null if it was not computed. */
  readonly error: number | null;
  readonly bound: number;
  /** False where the error passes its bound: such a case is wrong, however fast. */
  readonly ok: boolean;
}

/** Where a row belongs. */
export type RowKey = Pick<Row, 'suite' | 'kernel' | 'case' | 'pass' | 'adapter' | 'engine'>;

/** The peak rates of an adapter, measured by a probe. */
export interface Roofline {
  readonly gflops: number;
  readonly gbps: number;
}

/** What was measured. */
export interface Measured {
  readonly samples: readonly number[];
  readonly clock: Row['clock'];
  readonly error: number | null;
  readonly bound: number;
  readonly variant?: string;
}

/** The median (of an even count, the upper of the middle two). */
export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Rounded to four significant digits, beyond the precision of a measurement. */
const digits = (value: number): number => (Number.isFinite(value) ? Number(value.toPrecision(4)) : 0);

/** A row from what was measured: rates follow from the cost, the fraction of the roofline from the longer of arithmetic and traffic. */
export function makeRow(key: RowKey, { flops, bytes }: Cost, roofline: Roofline, { samples, clock, error, bound, variant }: Measured): Row {
  const ms = digits(median(samples));
  const roofTime = Math.max(flops / roofline.gflops, bytes / roofline.gbps) / 1e6;
  return {
    ...key,
    ...(variant === undefined ? {} : { variant }),
    ms,
    samples: samples.map(digits),
    clock,
    gflops: digits(flops / ms / 1e6),
    gbps: digits(bytes / ms / 1e6),
    rooflinePercent: digits((100 * roofTime) / ms),
    error: error === null ? null : Number(error.toPrecision(3)),
    bound,
    ok: error === null || error <= bound,
  };
}

const number = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** A row as a line for people. */
export function rowLine({ kernel, case: name, pass, engine, ms, gflops, gbps, rooflinePercent, error, ok }: Row): string {
  const columns = [
    `${kernel}: ${name}`.padEnd(64),
    pass.padEnd(8),
    engine.padEnd(11),
    `${number(ms)} ms`.padStart(10),
    `${number(gflops)} GFLOP/s`.padStart(15),
    `${number(gbps)} GB/s`.padStart(11),
    `${number(rooflinePercent)} %`.padStart(8),
  ];
  return `${columns.join('  ')}  ${error === null ? 'not checked' : `${ok ? 'error' : 'WRONG: error'} ${error.toExponential(1)}`}`;
}
