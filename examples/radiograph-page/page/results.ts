// What the model found, as elements: the impression's words to be chosen, and scores as bars.
import type { PromptSets } from 'hybridmed/radiograph';
import { make } from './elements.ts';

/**
 * An impression as words. Choosing one calls back with its sentence, and with the impression without that sentence: what the two differ in is
 * where the sentence was seen, whatever else the film shows.
 */
export function impressionWords(text: string, choose: (sentence: string, rest: string) => void): Node[] {
  if (text.trim() === '') return [make('span', { className: 'quiet' }, 'The model writes nothing about this film.')];
  const sentences = text.split(/(?<=[.!?])\s+/);
  return sentences.flatMap((sentence, at) => {
    const rest = sentences.filter((_, other) => other !== at).join(' ');
    return sentence.split(' ').flatMap((part) => {
      const word = part.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
      if (word === '') return [document.createTextNode(`${part} `)];
      const button = make('button', { type: 'button', className: 'word', title: 'Where was this seen?' }, word);
      button.dataset['looks'] = sentence;
      button.addEventListener('click', () => choose(sentence, rest));
      const [before, after] = part.split(word) as [string, string];
      return [document.createTextNode(before), button, document.createTextNode(`${after} `)];
    });
  });
}

const shown = (score: number): string => `${score < 0 ? '−' : '+'}${Math.abs(score).toFixed(3)}`;

/** Scores as a table of bars to both sides of nought, the highest first; choosing a finding calls back with its first sentence. */
export function scoreTable(scores: Readonly<Record<string, number>>, choose: (sentence: string) => void, prompts: PromptSets): HTMLTableElement {
  const most = Math.max(0.05, ...Object.values(scores).map(Math.abs));
  const rows = Object.entries(scores)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, score]) => {
      const button = make('button', { type: 'button', className: 'word', title: `Where is ${name} seen?` }, name);
      const sentence = prompts[name]!.positive[0]!;
      button.dataset['looks'] = sentence;
      button.addEventListener('click', () => choose(sentence));
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
