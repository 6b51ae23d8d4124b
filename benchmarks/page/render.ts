// One self-contained page of charts from suites' documents: every case's engines as bars, and this project compared with each peer.
import type { ResultDocument } from '../harness/document.ts';
import type { Row } from '../harness/row.ts';
import { summarize } from '../peers/summary.ts';
import { engineColours, style } from './style.ts';

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
/** A value as text of a page: what files hold is never markup. */
export const text = (value: unknown): string => String(value).replaceAll(/[&<>"']/g, (letter) => escapes[letter]!);
const number = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
/** Items by a key, in the order of their first. */
export const grouped = <T>(items: readonly T[], of: (item: T) => string): [string, T[]][] => {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(of(item), [...(groups.get(of(item)) ?? []), item]);
  return [...groups];
};

/** One engine's bar: its speed as a fraction of the fastest correct engine's, or of the roofline if it is the only one. */
function bar(row: Row, fraction: number): string {
  const rates = row.gflops > 0 ? `, ${number(row.gflops)} GFLOP/s, ${number(row.rooflinePercent)} % of the roofline` : '';
  const wrong = row.ok ? '' : ` <strong class="wrong">wrong: error ${row.error === null ? 'unknown' : row.error.toExponential(1)}</strong>`;
  const width = Math.max(0, Math.min(100, 100 * fraction)).toFixed(1);
  const colour = row.ok ? (engineColours[row.engine] ?? '#777') : 'transparent';
  return `<li><span class="name">${text(row.engine)}</span><span class="track"><span class="bar" style="width:${width}%;background:${colour}"></span></span><span class="figures">${number(row.ms)} ms${rates}${wrong}</span></li>`;
}

function caseChart(title: string, rows: readonly Row[]): string {
  const fastest = Math.min(...rows.filter(({ ok }) => ok).map(({ ms }) => ms));
  const single = rows.length === 1;
  // A whole training step has no roofline: only its time is shown.
  if (single && rows[0]!.rooflinePercent === 0 && rows[0]!.ok)
    return `<div class="case"><h3>${text(title)}</h3><p class="figures">${number(rows[0]!.ms)} ms</p></div>`;
  const fraction = (row: Row) => (single ? row.rooflinePercent / 100 : fastest / row.ms);
  return `<div class="case"><h3>${text(title)}</h3><ul class="bars">${rows.map((row) => bar(row, fraction(row))).join('')}</ul></div>`;
}

const anchor = (index: number, kernel: string): string => `d${index}-${kernel.replaceAll(/[^a-z0-9-]/gi, '-')}`;

/** Charts of a kernel's cases. */
export function kernelSection(index: number, kernel: string, rows: readonly Row[]): string {
  const cases = grouped(rows, (row) => `${row.case}, ${row.pass}`);
  return `<section id="${anchor(index, kernel)}"><h2>${text(kernel)}</h2>${cases.map(([title, own]) => caseChart(title, own)).join('')}</section>`;
}

function summaryTable(rows: readonly Row[]): string {
  const lines = summarize(rows);
  if (lines.length === 0) return '';
  const row = ({ kernel, pass, peer, cases, speedup, worst }: (typeof lines)[number]) =>
    `<tr><td>${text(kernel)}</td><td>${text(pass)}</td><td>${text(peer === 'best' ? 'best competitor per case' : peer)}</td><td class="number">${cases}</td><td class="number">${speedup.toFixed(2)}</td><td class="number">${worst.toFixed(2)}</td></tr>`;
  return `<h2>Times as fast as each peer</h2><p class="muted">Geometric means over the cases that both compute correctly; above 1, this project is faster.</p><div class="scroll"><table><thead><tr><th>kernel</th><th>pass</th><th>peer</th><th class="number">cases</th><th class="number">mean</th><th class="number">worst case</th></tr></thead><tbody>${lines.map(row).join('')}</tbody></table></div>`;
}

function absences({ absent = [] }: ResultDocument): string {
  if (absent.length === 0) return '';
  const groups = grouped(absent, ({ engine, reason }) => `${engine}: ${reason}`);
  const item = ([title, rows]: [string, typeof absent]) =>
    `<li>${text(title)} <span class="muted">(${text([...new Set(rows.map(({ kernel, pass }) => `${kernel} ${pass}`))].join(', '))})</span></li>`;
  return `<h2>Not measured</h2><ul>${groups.map(item).join('')}</ul>`;
}

function documentPart(document: ResultDocument, index: number): string {
  const { suite, date, adapter, processor, cores, roofline, versions, rows } = document;
  const facts = [
    ['adapter', adapter ?? rows[0]?.adapter],
    ['machine', processor && `${processor}, ${cores} cores`],
    ['measured', date],
    ['roofline', roofline && `${number(roofline.gflops)} GFLOP/s, ${number(roofline.gbps)} GB/s`],
    [
      'versions',
      versions &&
        Object.entries(versions)
          .map(([name, version]) => `${name} ${version}`)
          .join(', '),
    ],
  ].filter(([, value]) => value !== undefined);
  const kernels = grouped(rows, ({ kernel }) => kernel);
  const several = new Set(rows.map(({ engine }) => engine)).size > 1;
  const how = several
    ? 'A bar is the speed of an engine relative to the fastest correct one of the case. '
    : roofline
      ? "A bar is the fraction of the adapter's measured roofline. "
      : '';
  return `<article><h1>${text(suite)}</h1><dl>${facts.map(([name, value]) => `<dt>${text(name)}</dt><dd>${text(value)}</dd>`).join('')}</dl><nav aria-label="kernels">${kernels.map(([kernel]) => `<a href="#${anchor(index, kernel)}">${text(kernel)}</a>`).join('')}</nav><p>${how}Times are medians; wrong results have no bar.</p>${summaryTable(rows)}${kernels.map(([kernel, own]) => kernelSection(index, kernel, own)).join('')}${absences(document)}</article>`;
}

/** A whole HTML document with the pages' style. */
export const pageOf = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${text(title)}</title><style>${style}</style></head>
<body>${body}</body></html>
`;

/** The page: one HTML document that loads nothing. */
export function renderPage(documents: readonly ResultDocument[]): string {
  const title = `Benchmarks: ${[...new Set(documents.map(({ suite }) => suite))].join(', ')}`;
  return pageOf(title, documents.map(documentPart).join(''));
}
