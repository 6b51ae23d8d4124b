// Results as elements: the impression with selectable words, and scores as bars.
import type { PromptSets, RatioImpression } from 'hybridmed/radiograph';
import { make } from './elements.ts';

/**
 * An impression as words. Selecting one calls back with its sentence, and with the impression without that sentence: the map of their
 * difference belongs to the sentence alone, whatever else the image shows.
 */
export function impressionWords(text: string, onSelect: (sentence: string, rest: string) => void): Node[] {
  if (text.trim() === '') return [make('span', { className: 'quiet' }, 'The model generates an empty impression for this image.')];
  const sentences = text.split(/(?<=[.!?])\s+/);
  return sentences.flatMap((sentence, at) => {
    const rest = sentences.filter((_, other) => other !== at).join(' ');
    return sentence.split(' ').flatMap((part) => {
      const word = part.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
      if (word === '') return [document.createTextNode(`${part} `)];
      const button = make('button', { type: 'button', className: 'word', title: 'Show the heat map of this sentence' }, word);
      button.dataset['sentence'] = sentence;
      button.addEventListener('click', () => onSelect(sentence, rest));
      const [before, after] = part.split(word) as [string, string];
      return [document.createTextNode(before), button, document.createTextNode(`${after} `)];
    });
  });
}

const formatScore = (score: number): string => `${score < 0 ? '−' : '+'}${Math.abs(score).toFixed(3)}`;

/** Scores as a table of bars on both sides of zero, the highest first; selecting a finding calls back with its first prompt. */
export function scoreTable(scores: Readonly<Record<string, number>>, onSelect: (sentence: string) => void, prompts: PromptSets): HTMLTableElement {
  const maxScore = Math.max(0.05, ...Object.values(scores).map(Math.abs));
  const rows = Object.entries(scores)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, score]) => {
      const button = make('button', { type: 'button', className: 'word', title: `Show the heat map of ${name}` }, name);
      const sentence = prompts[name]!.positive[0]!;
      button.dataset['sentence'] = sentence;
      button.addEventListener('click', () => onSelect(sentence));
      const fill = make('i', { className: score < 0 ? 'against' : '' });
      fill.style.width = `${(50 * Math.abs(score)) / maxScore}%`;
      const bar = make('div', { className: 'bar', ariaHidden: 'true' }, fill);
      const row = make('tr', {}, make('th', { scope: 'row' }, button), make('td', {}, bar), make('td', {}, formatScore(score)));
      row.dataset['score'] = String(score);
      return row;
    });
  const head = make('tr', {}, make('th', { scope: 'col' }, 'finding'), make('td', { ariaHidden: 'true' }), make('td', {}, 'score'));
  const caption = make('caption', { className: 'hidden-text' }, 'Zero-shot scores by finding, the highest first');
  return make('table', {}, caption, make('thead', {}, head), make('tbody', {}, ...rows));
}

/** Why an impression was written by likelihood ratio: what the threshold decided, and the next candidates with their scores. */
export function ratioDetails({ namesFinding, namingScore, threshold, score, runnersUp }: Omit<RatioImpression, 'text'>): HTMLElement {
  const decision = namesFinding
    ? `A finding is named: ${formatScore(namingScore)} is above the threshold, ${formatScore(threshold)}; the score of this impression is ${formatScore(score)}.`
    : `No finding is named: ${formatScore(namingScore)} is not above the threshold, ${formatScore(threshold)}.`;
  const rows = runnersUp.map((each) => make('li', {}, `${each.text} (${formatScore(each.score)})`));
  const next = make('details', {}, make('summary', {}, 'Next candidates'), make('ol', {}, ...rows));
  return make('div', { className: 'quiet' }, make('p', { className: 'decision' }, decision), ...(rows.length > 0 ? [next] : []));
}
