// A small line chart as inline SVG: training as a thin line, validation as points on a line, values in tooltips.
import type { Markup } from '../markup.ts';
import { html } from '../markup.ts';
import { compact, linearScale, pixel } from './scale.ts';

/** One curve. */
export interface Series {
  readonly name: string;
  readonly kind: 'training' | 'validation';
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** What a chart shows: curves over a common horizontal axis. */
export interface LineChart {
  readonly title: string;
  readonly unit: string;
  readonly xLabel: string;
  readonly series: readonly Series[];
}

const [width, height] = [360, 214];
const area = { left: 44, right: 350, top: 12, bottom: 176 };
const maxPoints = 180;

/** Means of neighbouring points, so that a long run is neither a larger file nor a solid block of noise. */
export function thin(points: Series['points'], max = maxPoints): Series['points'] {
  if (points.length <= max) return points;
  const size = points.length / max;
  return Array.from({ length: max }, (_, i) => {
    const neighbours = points.slice(Math.floor(i * size), Math.max(Math.floor((i + 1) * size), Math.floor(i * size) + 1));
    const mean = (pick: (point: { x: number; y: number }) => number) => neighbours.reduce((sum, point) => sum + pick(point), 0) / neighbours.length;
    return { x: mean(({ x }) => x), y: mean(({ y }) => y) };
  });
}

/** The chart as a figure; a sentence in its place if there is nothing to draw. */
export function lineChart({ title, unit, xLabel, series }: LineChart): Markup {
  const curves = series
    .map((curve) => ({ ...curve, points: thin(curve.points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))) }))
    .filter(({ points }) => points.length > 0);
  const all = curves.flatMap(({ points }) => points);
  if (all.length === 0)
    return html`<figure class="chart">
      <figcaption>${title}</figcaption>
      <p class="quiet">Nothing was recorded.</p>
    </figure>`;
  const range = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)];
  const [low, high] = range(all.map(({ y }) => y));
  const x = linearScale(range(all.map((point) => point.x)), [area.left, area.right], 5);
  const y = linearScale([low >= 0 && low < high / 2 ? 0 : low, high], [area.bottom, area.top]);
  const last = curves.map(({ name, points }) => `${name} ends at ${compact(points.at(-1)!.y)}`).join('; ');
  return html`<figure class="chart">
    <figcaption>${title} <span class="quiet">${unit}</span></figcaption>
    <svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${`${title}, ${unit}: ${last}`}">
      ${y.ticks.map((tick) => html`<line class="grid" x1="${area.left}" x2="${area.right}" y1="${pixel(y.at(tick))}" y2="${pixel(y.at(tick))}" /><text class="tick end" x="${area.left - 6}" y="${pixel(y.at(tick) + 3.5)}">${compact(tick)}</text>`)}
      ${x.ticks.map((tick) => html`<text class="tick middle" x="${pixel(x.at(tick))}" y="${area.bottom + 16}">${compact(tick)}</text>`)}
      <line class="axis" x1="${area.left}" x2="${area.right}" y1="${area.bottom}" y2="${area.bottom}" />
      <text class="tick middle" x="${(area.left + area.right) / 2}" y="${area.bottom + 32}">${xLabel}</text>
      ${curves.map(({ kind, points }) => html`<polyline class="curve ${kind}" points="${points.map((point) => `${pixel(x.at(point.x))},${pixel(y.at(point.y))}`).join(' ')}" />`)}
      ${curves
        .filter(({ kind }) => kind === 'validation')
        .map(({ points }) =>
          points.map(
            (point) =>
              html`<circle class="point" cx="${pixel(x.at(point.x))}" cy="${pixel(y.at(point.y))}" r="2.6"
                ><title>${`${xLabel} ${compact(point.x)}: ${compact(point.y)}`}</title></circle
              >`,
          ),
        )}
    </svg>
  </figure>`;
}
