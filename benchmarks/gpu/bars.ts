// The bars: what a GPU has to reach, from the rows that were measured.
import { median } from '../harness/row.ts';
import type { Roofline, Row } from '../harness/row.ts';
import { productNames } from './large-cases.ts';
import type { PartReport } from './part.ts';
import { stepName } from './pytorch.ts';

/** A bar and how it came out. */
export interface Bar {
  readonly name: string;
  readonly verdict: 'met' | 'missed' | 'not measured';
  /** What was reached, in the bar's unit; null if it was not measured. */
  readonly value: number | null;
  readonly atLeast: number;
  readonly unit: '%' | 'times';
  readonly reason?: string;
}

const find = (rows: readonly Row[], kernel: string, name: string, engine: string): Row | undefined =>
  rows.find((row) => row.kernel === kernel && row.case === name && row.engine === engine && row.ok);

const barOf = (name: string, value: number | string, atLeast: number, unit: Bar['unit']): Bar =>
  typeof value === 'string'
    ? { name, verdict: 'not measured', value: null, atLeast, unit, reason: value }
    : { name, verdict: value >= atLeast ? 'met' : 'missed', value: Number(value.toPrecision(4)), atLeast, unit };

/** PyTorch's time over ours, or why there is none. */
function ratio(rows: readonly Row[], kernel: string, ours: string, theirs: string): number | string {
  const [own, peer] = [find(rows, kernel, ours, 'hybridmed'), find(rows, kernel, theirs, 'pytorch')];
  if (!own) return 'no time of this project';
  return peer ? median(peer.samples) / median(own.samples) : 'no time of PyTorch';
}

/** All bars. On an adapter that runs on the processor none is measured: they are a GPU's. */
export function barsOf(reports: readonly PartReport[], { gflops }: Roofline, { software, quick }: { software: boolean; quick: boolean }): Bar[] {
  const rows = reports.flatMap((report) => report.rows);
  const names = productNames(quick);
  const why = software ? 'the adapter runs on the processor' : quick ? 'a quick report has tiny shapes' : undefined;
  const f32 = find(rows, 'matmul', names.f32, 'hybridmed');
  const bars: (readonly [name: string, value: number | string, atLeast: number, unit: Bar['unit']])[] = [
    ['f32 matmul, of the measured peak', f32 ? (100 * f32.gflops) / gflops : 'no correct time of this project', 70, '%'],
    ['f16 matmul by subgroup matrix, of cuBLAS', percent(ratio(rows, 'matmul', names.matrix, names.f16)), 50, '%'],
    ...(['small', 'medium', 'paper'] as const).flatMap((preset) =>
      (['f32', 'mixed'] as const).map((precision) => {
        const name = stepName(preset, precision);
        return [`step of ${name}, of PyTorch's speed`, ratio(rows, 'train-step', name, name), 0.7, 'times'] as const;
      }),
    ),
  ];
  return bars.map(([name, value, atLeast, unit]) => barOf(name, why ?? value, atLeast, unit));
}

const percent = (value: number | string): number | string => (typeof value === 'string' ? value : 100 * value);

/** A bar as a line for people. */
export function barLine({ name, verdict, value, atLeast, unit, reason }: Bar): string {
  const show = (number: number) => (unit === '%' ? `${number.toFixed(0)} %` : `${number.toFixed(2)} times`);
  return `${verdict.padEnd(12)}  ${name}: ${value === null ? reason : show(value)} (bar: at least ${show(atLeast)})`;
}
