// The GPU report as one HTML page that loads nothing: bars first, then what every part measured, skipped, or found wrong.
import { grouped, kernelSection, pageOf, text } from '../page/render.ts';
import type { Bar } from './bars.ts';
import type { PartReport, PartTable } from './part.ts';
import type { GpuDocument } from './report.ts';

const number = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
const list = (items: readonly string[], kind = ''): string =>
  items.length === 0 ? '' : `<ul class="plain ${kind}">${items.map((item) => `<li>${text(item)}</li>`).join('')}</ul>`;

function table({ title, head, rows }: PartTable): string {
  if (rows.length === 0) return '';
  const isNumber = (column: number) => rows.every((row) => /^[-\d.,]*( %)?$/.test(row[column]!));
  const kind = head.map((_, column) => (isNumber(column) ? ' class="number"' : ''));
  const cells = (row: readonly string[], tag: 'th' | 'td') => row.map((cell, i) => `<${tag}${kind[i]}>${text(cell)}</${tag}>`).join('');
  return `<h3>${text(title)}</h3><div class="scroll"><table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>${rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('')}</tbody></table></div>`;
}

function barTable(bars: readonly Bar[]): string {
  const show = (value: number, unit: Bar['unit']) => (unit === '%' ? `${value.toFixed(0)} %` : `${value.toFixed(2)} times`);
  const row = ({ name, verdict, value, atLeast, unit, reason }: Bar) => {
    const kind = verdict === 'met' ? 'met' : verdict === 'missed' ? 'wrong' : 'muted';
    return `<tr><td><strong class="${kind}">${verdict}</strong></td><td>${text(name)}</td><td>${value === null ? text(reason) : show(value, unit)}</td><td class="number">${show(atLeast, unit)}</td></tr>`;
  };
  return `<h2>Bars</h2><div class="scroll"><table><thead><tr><th>result</th><th>bar</th><th>reached</th><th class="number">at least</th></tr></thead><tbody>${bars.map(row).join('')}</tbody></table></div>`;
}

function absences({ absent }: PartReport): string {
  const groups = grouped(absent, ({ engine, reason }) => `${engine}: ${reason}`);
  const items = groups.map(([title, cases]) => `${title} (${[...new Set(cases.map(({ kernel, pass }) => `${kernel} ${pass}`))].join(', ')})`);
  return items.length === 0 ? '' : `<h3>Cases without a row</h3>${list(items)}`;
}

function part(report: PartReport, index: number): string {
  const { title, status, reason, seconds, notes, wrong, skipped, tables, rows } = report;
  const state = status === 'done' ? `${seconds} s` : `${status}: ${reason}`;
  const charts = grouped(rows, ({ kernel }) => kernel).map(([kernel, own]) => kernelSection(index, kernel, own));
  const wrongList = wrong.length === 0 ? '' : `<h3 class="wrong">Wrong</h3>${list(wrong, 'wrong')}`;
  const left = skipped.length === 0 ? '' : `<h3>Skipped</h3>${list(skipped)}`;
  return `<article id="${report.name}"><h2>${text(title)}</h2><p class="muted">${text(state)}</p>${list(notes)}${wrongList}${left}${tables.map(table).join('')}${charts.join('').replaceAll('<h2>', '<h3>').replaceAll('</h2>', '</h3>')}${absences(report)}</article>`;
}

function capabilityText({ capabilities: { subgroupSize, f16, subgroupMatrix } }: GpuDocument): string {
  const matrices = subgroupMatrix.map(({ m, n, k }) => `${m}x${n}x${k}`).join(', ');
  return [
    subgroupSize > 0 ? `subgroups of ${subgroupSize}` : 'no subgroups of one size',
    f16 ? '16-bit floats in shaders' : 'no 16-bit floats in shaders',
    matrices === '' ? 'no subgroup matrix of f16' : `subgroup matrices of f16: ${matrices}`,
  ].join('; ');
}

/** The page. */
export function renderReport(document: GpuDocument): string {
  const { adapter, quick, date, processor, cores, node, roofline, peak, seconds, bars, parts } = document;
  const facts = [
    ['adapter', adapter],
    ['it has', capabilityText(document)],
    ['machine', `${processor}, ${cores} cores, Node ${node}`],
    ['measured', `${date}, in ${seconds} s${quick ? '; a quick report: tiny shapes, whose figures say that everything runs, not how fast a GPU is' : ''}`],
    ['peak', `${number(roofline.gflops)} GFLOP/s in f32, ${number(roofline.gbps)} GB/s. ${peak}`],
  ];
  const links = parts.map(({ name, title, status }) => `<a href="#${name}">${text(title)}${status === 'done' ? '' : ` (${status})`}</a>`);
  const body = `<h1>GPU report</h1><dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd>${text(value)}</dd>`).join('')}</dl>${barTable(bars)}<nav aria-label="parts">${links.join('')}</nav><p>Times are medians. A chart's bar is an engine's speed relative to the fastest correct one of the case, or, of one engine alone, its fraction of the measured peak.</p>${parts.map(part).join('')}`;
  return pageOf(`GPU report: ${adapter}`, body);
}
