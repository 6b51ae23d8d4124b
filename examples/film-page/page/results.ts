// What the model found, as elements: the impression's words to be chosen, and scores as bars.
import { make } from './elements.ts';

/** An impression as words; choosing one calls back with it, without its punctuation. */
export function impressionWords(text: string, choose: (word: string) => void): Node[] {
  if (text.trim() === '') return [make('span', { className: 'quiet' }, 'The model writes nothing about this film.')];
  return text.split(' ').flatMap((part) => {
    const word = part.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
    if (word === '') return [part, ' '].map((piece) => document.createTextNode(piece));
    const button = make('button', { type: 'button', className: 'word', title: `Where was "${word}" seen?` }, word);
    button.addEventListener('click', () => choose(word));
    const [before, after] = part.split(word) as [string, string];
    return [document.createTextNode(before), button, document.createTextNode(`${after} `)];
  });
}

const shown = (score: number): string => `${score < 0 ? '−' : '+'}${Math.abs(score).toFixed(3)}`;

/** Scores as a table of bars to both sides of nought, the highest first; choosing a finding calls back with it. */
export function scoreTable(scores: Readonly<Record<string, number>>, choose: (finding: string) => void): HTMLTableElement {
  const most = Math.max(0.05, ...Object.values(scores).map(Math.abs));
  const rows = Object.entries(scores)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, score]) => {
      const button = make('button', { type: 'button', className: 'word', title: `Where is ${name} seen?` }, name);
      button.addEventListener('click', () => choose(name));
      const fill = make('i', { className: score < 0 ? 'against' : '' });
      fill.style.width = `${(50 * Math.abs(score)) / most}%`;
      const bar = make('div', { className: 'bar', ariaHidden: 'true' }, fill);
      const row = make('tr', {}, make('th', { scope: 'row' }, button), make('td', {}, bar), make('td', {}, shown(score)));
      row.dataset['score'] = String(score);
      return row;
    });
  const head = make('tr', {}, make('th', { scope: 'col' }, 'finding'), make('td', { ariaHidden: 'true' }), make('td', {}, 'score'));
  const caption = make('caption', { className: 'hidden-text' }, 'Zero-shot scores by finding, the highest first');
  return make('table', {}, caption, make('thead', {}, head), make('tbody', {}, ...rows));
}
