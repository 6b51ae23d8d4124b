// Norms that models meet, and awkward ones.
import type { KernelCase } from '../kernel.ts';
import type { LayerNormProblem } from './problem.ts';

/** Cases: both passes of each shape. */
export const cases: readonly KernelCase<LayerNormProblem>[] = (['forward', 'gradient'] as const).flatMap((of) => [
  { name: `5x7, ${of}`, problem: { of, rows: 5, width: 7, epsilon: 1e-5 }, tolerance: 3e-6 },
  { name: `130x65, ${of}`, problem: { of, rows: 130, width: 65, epsilon: 1e-12 }, tolerance: 3e-6 },
  { name: `no rows, ${of}`, problem: { of, rows: 0, width: 9, epsilon: 1e-5 }, tolerance: 0 },
  ...(of === 'forward'
    ? [7, 64].map((width) => ({ name: `5x${width}, y as f16`, problem: { of, rows: 5, width, epsilon: 1e-5, half: true }, tolerance: 5e-4, f16: true }))
    : []),
  { name: 'ViT-B/16, 788x768', problem: { of, rows: 4 * 197, width: 768, epsilon: 1e-6 }, tolerance: 1e-5, large: true },
  { name: 'ViT-S/16, 788x384', problem: { of, rows: 4 * 197, width: 384, epsilon: 1e-6 }, tolerance: 1e-5, large: true },
  { name: 'BERT, 1024x768', problem: { of, rows: 8 * 128, width: 768, epsilon: 1e-12 }, tolerance: 1e-5, large: true },
  { name: 'decoder, 384x384', problem: { of, rows: 8 * 48, width: 384, epsilon: 1e-5 }, tolerance: 1e-5, large: true },
]);
