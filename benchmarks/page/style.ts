// The page's style: light and dark by the reader's setting, wide and narrow screens, and paper.

/** Colours of engines that stay apart for colour-blind readers (Okabe and Ito 2008); names are shown next to them. */
export const engineColours: Readonly<Record<string, string>> = {
  hybridmed: '#0072b2',
  onnxruntime: '#e69f00',
  'jax-js': '#009e73',
  tfjs: '#cc79a7',
  pytorch: '#d55e00',
};

/** The style sheet. */
export const style = `
:root { color-scheme: light dark; --text: #1a1a1a; --muted: #595959; --line: #d9d9d9; --back: #fff; --track: #f0f0f0; --wrong: #b00020; --met: #00664f }
@media (prefers-color-scheme: dark) { :root { --text: #ececec; --muted: #a8a8a8; --line: #3a3a3a; --back: #161616; --track: #262626; --wrong: #ff8a8a; --met: #63d3b4 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem 1rem 4rem; font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back) }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem } h2 { font-size: 1.25rem; margin: 2.5rem 0 .25rem } h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; font-weight: 600 }
p { margin: .25rem 0 1rem; max-width: 46rem } .muted { color: var(--muted); font-size: .9rem }
nav { display: flex; flex-wrap: wrap; gap: .25rem .9rem; margin: 1rem 0 } a { color: inherit }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 1rem 0 } dt { color: var(--muted) } dd { margin: 0; overflow-wrap: anywhere }
.scroll { overflow-x: auto } table { border-collapse: collapse; font-size: .9rem; width: 100% } th, td { text-align: left; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.bars { display: grid; grid-template-columns: 6.5rem 1fr minmax(15rem, max-content); gap: .15rem .75rem; align-items: center; font-size: .85rem; margin: 0 0 .5rem; padding: 0; list-style: none }
.bars li { display: contents } .track { background: var(--track); height: .95rem } .bar { display: block; height: 100%; min-width: 2px; print-color-adjust: exact; -webkit-print-color-adjust: exact }
.figures { font-variant-numeric: tabular-nums; white-space: nowrap } .wrong { color: var(--wrong) } .met { color: var(--met) } ul.plain { margin: .25rem 0 1rem; padding-left: 1.2rem } section { break-inside: auto } .case { break-inside: avoid }
article + article { margin-top: 4rem; padding-top: 2rem; border-top: 2px solid var(--line) }
@media (max-width: 40rem) { table { font-size: .78rem } th, td { padding-right: .35rem } .bars { grid-template-columns: 1fr } .bars .figures { margin-bottom: .5rem; white-space: normal } .bars .name { margin-bottom: -.1rem } }
@media print { body { max-width: none; padding: 0; background: #fff; color: #000 } nav { display: none } :root { --text: #000; --muted: #444; --line: #bbb; --track: #eee; --back: #fff; --wrong: #b00020 } .track { print-color-adjust: exact; -webkit-print-color-adjust: exact } .bars { grid-template-columns: 5.5rem 1fr max-content } html { font-size: 11px } body { font-size: 1rem } }
`;
