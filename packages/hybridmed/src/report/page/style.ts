// The page's style sheet: one column on a phone, cards on a desktop, black on white in print; no external fonts or files.
import { html } from './markup.ts';

// Under another name, so that the formatter leaves one rule per line.
const sheet = html;

/** The style sheet. */
export const style = sheet`
:root { color-scheme: light dark; --paper: #f6f7f9; --card: #fff; --ink: #16202c; --soft: #5a6775; --line: #dfe4ea; --own: #0b6e75; --own-soft: #d5ecee; --base: #8a94a0;
  --extra: #fbe3df; --extra-ink: #9c2a16; --missed: #fdf0c8; --missed-ink: #775200; --good: #176b3a; --bad: #a3321d; --train: #9db3c4; --warn: #fff6e0; --warn-line: #e2b33c; }
@media (prefers-color-scheme: dark) { :root { --paper: #10151b; --card: #19212a; --ink: #e6ebf0; --soft: #9daab8; --line: #2d3843; --own: #4fc3ca; --own-soft: #17393d; --base: #7f8b98;
  --extra: #4a2019; --extra-ink: #ffb4a3; --missed: #453707; --missed-ink: #f6d67a; --good: #6fd09a; --bad: #ff9d86; --train: #56697a; --warn: #2e2810; --warn-line: #9a7b22; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Open Sans", "Helvetica Neue", Arial, sans-serif; overflow-wrap: anywhere; }
main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -.01em; }
h2 { font-size: 22px; margin: 0 0 6px; letter-spacing: -.005em; }
h3 { font-size: 16px; margin: 0 0 6px; }
section { margin-top: 52px; padding-top: 22px; border-top: 1px solid var(--line); }
section > h3 { margin: 26px 0 4px; font-size: 17px; }
section > h3 + .quiet { margin: 0 0 10px; }
p { margin: 0 0 8px; }
code { font: 13.5px/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
ul, ol { margin: 6px 0; padding-left: 22px; }
.kicker { text-transform: uppercase; letter-spacing: .09em; font-size: 12.5px; font-weight: 600; color: var(--own); margin: 0 0 6px; }
.facts, .lead { color: var(--soft); }
.lead { margin-bottom: 16px; max-width: 78ch; }
.quiet { color: var(--soft); font-size: 14px; font-weight: 400; }
.warning { background: var(--warn); border-left: 4px solid var(--warn-line); padding: 10px 14px; border-radius: 4px; margin: 16px 0; }
nav { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 14px 0 0; padding: 8px 0; font-size: 14.5px; background: var(--paper); border-bottom: 1px solid var(--line); }
section, .maps { scroll-margin-top: 64px; }
.maps:target { outline: 2px solid var(--own); }
nav a { color: var(--own); text-decoration: none; }
nav a:hover { text-decoration: underline; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 12px; margin: 20px 0 10px; }
.tile { background: var(--card); border: 1px solid var(--line); border-top: 3px solid var(--base); border-radius: 8px; padding: 14px 16px; display: flex; flex-direction: column; }
.tile p { margin: 0; }
.tile.better { border-top-color: var(--good); }
.tile.worse { border-top-color: var(--bad); }
.tile-title { font-size: 14px; line-height: 1.35; color: var(--soft); min-height: 2.7em; }
.tile-value { font-size: 30px; font-weight: 650; line-height: 1.3; font-variant-numeric: tabular-nums; }
.tile-comparison { font-size: 13.5px; line-height: 1.4; color: var(--soft); }
.verdict { display: block; margin-top: 4px; font-weight: 600; color: var(--soft); }
.better .verdict { color: var(--good); }
.worse .verdict { color: var(--bad); }
.grid-cards { display: grid; gap: 14px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); }
.columns { columns: 3 320px; column-gap: 14px; }
.columns.two { columns: 2 440px; }
.columns > * { break-inside: avoid; margin-bottom: 14px; }
.grid-cards.two { grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 16px 18px; min-width: 0; }
.card h3 { color: var(--ink); }
.facts-list { margin: 0; font-size: 14.5px; }
.facts-list > div { display: grid; grid-template-columns: 130px 1fr; gap: 4px 12px; padding: 4px 0; border-top: 1px solid var(--line); }
.facts-list > div:first-child { border-top: 0; }
dt { color: var(--soft); }
dd { margin: 0; }
table { border-collapse: collapse; width: 100%; font-size: 14.5px; }
th { text-align: left; font-weight: 400; padding: 5px 8px 5px 0; }
td { padding: 5px 0; }
thead th { color: var(--soft); font-size: 13px; border-bottom: 1px solid var(--line); }
.plain td, .plain th { padding: 5px 10px 5px 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.metric th { overflow-wrap: normal; }
.metric th .quiet { display: block; font-size: 12px; line-height: 1.2; }
.metric td:nth-child(2) { width: 128px; padding: 5px 10px; }
.metric .number { font-weight: 600; line-height: 1.25; }
.ends { display: block; font-size: 12px; font-weight: 400; color: var(--soft); }
tr.baseline th, tr.baseline .number { color: var(--soft); font-weight: 400; }
svg { display: block; width: 100%; height: auto; }
.interval .bar { stroke: var(--own); stroke-width: 6; stroke-linecap: round; opacity: .38; }
.interval circle { fill: var(--own); }
.interval.baseline .bar { stroke: var(--base); }
.interval.baseline circle { fill: var(--base); }
.interval .reference { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 3 2; }
.grid { stroke: var(--line); stroke-width: 1; }
.axis { stroke: var(--base); stroke-width: 1; }
.tick { font: 11px system-ui, sans-serif; fill: var(--soft); }
.end { text-anchor: end; }
.middle { text-anchor: middle; }
.charts { display: grid; gap: 14px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr)); }
.chart { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px 8px; }
.chart figcaption { font-size: 14.5px; font-weight: 600; margin-bottom: 6px; }
.curve { fill: none; stroke-linejoin: round; }
.curve.training { stroke: var(--train); stroke-width: 1.3; }
.curve.validation { stroke: var(--own); stroke-width: 2; }
.point { fill: var(--own); }
.legend { white-space: nowrap; margin-right: 12px; }
.key { display: inline-block; width: 18px; height: 3px; vertical-align: middle; border-radius: 2px; margin: 0 4px 2px 0; background: var(--base); }
.key.training { background: var(--train); }
.key.validation, .key.own { background: var(--own); }
.radiograph { width: 100%; aspect-ratio: 1; object-fit: contain; background: #000; border-radius: 6px; display: block; }
.radiograph.none { display: grid; place-items: center; background: var(--line); color: var(--soft); font-size: 13px; }
.study { display: grid; grid-template-columns: 132px 1fr; gap: 4px 16px; align-items: start; }
.study h3 { font: 13px/1.3 ui-monospace, Menlo, Consolas, monospace; color: var(--soft); }
.body { min-width: 0; }
.texts { margin: 0; font-size: 15px; line-height: 1.45; }
.line { margin-bottom: 7px; }
.line dt { font-size: 12.5px; line-height: 1.3; }
mark { color: inherit; background: none; border-radius: 3px; padding: 0 2px; }
mark.extra { background: var(--extra); color: var(--extra-ink); text-decoration: underline; text-decoration-thickness: 1.5px; text-underline-offset: 3px; }
mark.missed { background: var(--missed); color: var(--missed-ink); text-decoration: underline dotted; text-underline-offset: 3px; }
details { font-size: 14px; }
summary { cursor: pointer; color: var(--soft); }
.findings { margin: 4px 0 8px; }
.note { font-size: 14px; color: var(--soft); margin: 4px 0 0; }
.retrieved { margin: 0; padding-left: 20px; font-size: 15px; }
.retrieved .own { font-weight: 600; }
.query { font-size: 15px; font-weight: 600; }
.strip { display: grid; grid-template-columns: repeat(auto-fit, minmax(104px, 1fr)); gap: 10px; }
.strip figure { margin: 0; }
.strip figcaption { font-size: 12.5px; line-height: 1.35; color: var(--soft); margin-top: 4px; }
.inside, .outside { display: block; font-weight: 600; color: var(--good); }
.outside { color: var(--bad); }
.strip .own .radiograph { outline: 3px solid var(--own); outline-offset: 1px; }
footer { margin-top: 48px; color: var(--soft); font-size: 13.5px; }
@media (max-width: 560px) {
  main { padding: 20px 14px 40px; }
  h1 { font-size: 24px; }
  section { margin-top: 36px; padding-top: 16px; }
  .tiles { grid-template-columns: 1fr; gap: 8px; }
  .tile-title { min-height: 0; }
  .card { padding: 13px 13px; }
  .study { grid-template-columns: 92px 1fr; gap: 4px 12px; }
  .facts-list > div { grid-template-columns: 104px 1fr; }
  .metric td:nth-child(2) { width: 96px; padding: 5px 6px; }
}
@media print {
  :root { color-scheme: light; --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --own: #0b6e75; --base: #777; --extra: #fbe3df; --extra-ink: #8c2412; --missed: #fdf0c8; --missed-ink: #664700;
    --good: #176b3a; --bad: #a3321d; --train: #8aa; --warn: #fff; --warn-line: #000; }
  @page { margin: 14mm; }
  body { font-size: 10.5pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  nav { display: none; }
  section { margin-top: 22px; padding-top: 12px; }
  h2, h3, .lead, section > .quiet { break-after: avoid; }
  .lead, dl { break-inside: avoid; }
  .metric table { font-size: 9pt; }
  .metric td:nth-child(2) { width: 84px; padding: 3px 6px; }
  .card, .chart, .tile, figure { break-inside: avoid; }
  .grid-cards.two { grid-template-columns: 1fr 1fr; }
  .charts, .grid-cards { grid-template-columns: 1fr 1fr; gap: 10px; }
  .columns, .columns.two { columns: 2; }
  .tiles { grid-template-columns: repeat(3, 1fr); }
  .study { grid-template-columns: 92px 1fr; }
  .tile-value { font-size: 20pt; }
  details { display: none; }
}
`;
