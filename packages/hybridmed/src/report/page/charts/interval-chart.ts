// A value with its interval as a dot on a bar, in a row of a table: the same scale for every row.
import type { Interval } from '@hybridmed/eval';
import type { Markup } from '../markup.ts';
import { html } from '../markup.ts';
import { pixel } from './scale.ts';

const [width, height] = [110, 18];

/** One row's dot and bar on [low, high], with a mark at chance or a baseline; nothing for an undefined value. */
export function intervalBar(
  { value, low, high }: Interval,
  [min, max]: readonly [number, number],
  { reference, kind = 'own' }: { reference?: number; kind?: 'own' | 'baseline' } = {},
): Markup {
  if (!Number.isFinite(value)) return html``;
  const at = (x: number) => 4 + ((Math.min(Math.max(x, min), max) - min) / (max - min || 1)) * (width - 8);
  const bar =
    Number.isFinite(low) && Number.isFinite(high) ? html`<line class="bar" x1="${pixel(at(low))}" x2="${pixel(at(high))}" y1="9" y2="9" />` : undefined;
  return html`<svg class="interval ${kind}" viewBox="0 0 ${width} ${height}" aria-hidden="true">
    <line class="grid" x1="4" x2="${width - 4}" y1="9" y2="9" />
    ${reference !== undefined && html`<line class="reference" x1="${pixel(at(reference))}" x2="${pixel(at(reference))}" y1="1" y2="17" />`}${bar}
    <circle cx="${pixel(at(value))}" cy="9" r="4" />
  </svg>`;
}

/** Minimum and maximum of some intervals, extended to 0 if they come near it: the scale of a table's bars. */
export function commonRange(intervals: readonly Interval[], alsoIncluded: readonly number[] = []): [number, number] {
  const ends = [...intervals.flatMap(({ value, low, high }) => [value, low, high]), ...alsoIncluded].filter(Number.isFinite);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  return ends.length === 0 ? [0, 1] : [low > 0 && low < high / 2 ? 0 : low, high];
}
