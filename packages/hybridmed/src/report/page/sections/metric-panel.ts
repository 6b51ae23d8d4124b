// A panel of one metric: a row per system or question, each a dot with its confidence interval on a common scale.
import type { Interval } from '@hybridmed/eval';
import { commonRange, intervalBar } from '../charts/interval-chart.ts';
import type { Markup } from '../markup.ts';
import { html } from '../markup.ts';

/** A number with three significant digits: 0.128, 4.47, 28.5. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return 'undefined';
  if (Number.isInteger(value) && Math.abs(value) >= 10) return value.toLocaleString('en-US');
  return value.toFixed(Math.abs(value) < 1 ? 3 : Math.abs(value) < 10 ? 2 : 1);
}

/** One row of a panel. */
export interface MetricRow {
  readonly name: string;
  readonly interval: Interval;
  readonly kind?: 'own' | 'baseline';
  /** The value by chance. */
  readonly reference?: number;
  readonly note?: string;
  /** Digits after the point (default: three significant ones). */
  readonly digits?: number;
}

/** A metric over rows. */
export interface Metric {
  readonly title: string;
  readonly explanation: string;
  readonly rows: readonly MetricRow[];
  /** Ends of the scale, if the metric is bounded. */
  readonly range?: readonly [number, number];
}

const ends = ({ low, high }: Interval): string => (Number.isFinite(low) && Number.isFinite(high) ? `${formatNumber(low)} to ${formatNumber(high)}` : '');

/** The panel. */
export function metricPanel({ title, explanation, rows, range }: Metric): Markup {
  const scale =
    range ??
    commonRange(
      rows.map(({ interval }) => interval),
      rows.flatMap(({ reference }) => (reference === undefined ? [] : [reference])),
    );
  return html`<article class="card metric">
    <h3>${title}</h3>
    <p class="quiet">${explanation}</p>
    <table>
      <tbody>
        ${rows.map(
          ({ name, interval, kind = 'own', reference, note, digits }) =>
            html`<tr class="${kind}">
              <th scope="row">${name}${note !== undefined && html`<span class="quiet"> ${note}</span>`}</th>
              <td>${intervalBar(interval, scale, { kind, ...(reference === undefined ? {} : { reference }) })}</td>
              <td class="number">
                ${digits === undefined ? formatNumber(interval.value) : interval.value.toFixed(digits)}<span class="ends">${ends(interval)}</span>
              </td>
            </tr>`,
        )}
      </tbody>
    </table>
  </article>`;
}
