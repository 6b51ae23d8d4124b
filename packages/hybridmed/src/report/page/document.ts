// The whole page: one file without scripts, whose content security policy forbids it to fetch anything.
import type { ReportData } from '../report-data.ts';
import type { Markup } from './markup.ts';
import { html } from './markup.ts';
import { learningSection } from './sections/learning.ts';
import { limitsSection } from './sections/limits.ts';
import { metricsSection } from './sections/metrics.ts';
import { overview } from './sections/overview.ts';
import { provenanceSection } from './sections/provenance.ts';
import { failuresSection, mapsSection, retrievalSection, textsSection } from './sections/studies.ts';
import { style } from './style.ts';

const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

const titles: Readonly<Record<string, string>> = {
  metrics: 'Metrics',
  texts: 'Texts',
  maps: 'Heat maps',
  retrieval: 'Retrieval',
  failures: 'Failures',
  learning: 'Learning',
  run: 'Run',
  limits: 'Limits',
};

/** Renders a report as one self-contained HTML document. */
export function renderReport(data: ReportData): string {
  const parts: readonly (readonly [string, Markup | undefined])[] = [
    ['metrics', metricsSection(data)],
    ['texts', textsSection(data)],
    ['maps', mapsSection(data)],
    ['retrieval', retrievalSection(data)],
    ['failures', failuresSection(data)],
    ['learning', learningSection(data)],
    ['run', provenanceSection(data)],
    ['limits', limitsSection(data)],
  ];
  const sections = parts.filter(([, part]) => part !== undefined);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="robots" content="noindex" />
        <title>${`${data.run} · HybridMED report`}</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        <main>
          ${overview(data)}
          <nav aria-label="Sections">${sections.map(([id]) => html`<a href="#${id}">${titles[id]}</a>`)}</nav>
          ${sections.map(([, part]) => part)}
          <footer>Written by hybridmed ${data.version} on ${data.written.slice(0, 16).replace('T', ' ')} UTC.</footer>
        </main>
      </body>
    </html> `;
  return page.markup;
}
