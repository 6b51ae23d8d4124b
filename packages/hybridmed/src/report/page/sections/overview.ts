// The head of the page: what it is about, what it is not, and the few figures that say whether the run worked.
import type { Interval } from '@hybridmed/eval';
import type { EvaluationReport } from '@hybridmed/tasks/node';
import type { ReportData } from '../../report-data.ts';
import type { Markup } from '../markup.ts';
import { html } from '../markup.ts';
import { figure } from './metric-panel.ts';

interface Tile {
  readonly title: string;
  readonly value: string;
  readonly beside: string;
  readonly verdict: 'better' | 'worse' | 'open';
}

const verdictOf = (own: Interval, reference: number): Tile['verdict'] => (own.low > reference ? 'better' : own.high < reference ? 'worse' : 'open');

/** The figures of the head, each beside what it must beat. */
function tiles({ captioning, text, labels, retrieval, zeroShot, meanAuc }: EvaluationReport): Tile[] {
  const all: Tile[] = [];
  if (captioning)
    all.push({
      title: 'Nats per token that the right film saves',
      value: figure(captioning.difference.value),
      beside: `${figure(captioning.perToken)} with the study's film, ${figure(captioning.shuffledPerToken)} with another study's`,
      verdict: verdictOf(captioning.difference, 0),
    });
  const [written, source] = text.image ? [text.image, 'the film'] : [text.findings, 'the findings'];
  all.push({
    title: `CIDEr of impressions written from ${source}`,
    value: figure(written.cider),
    beside: `${figure(text.mostFrequent.cider)} for always writing the most frequent impression`,
    verdict: verdictOf(written.intervals.cider, text.mostFrequent.cider),
  });
  const named = labels?.image ?? labels?.findings;
  if (named)
    all.push({
      title: `F1 of the findings named from ${labels?.image ? 'the film' : 'the findings'}`,
      value: figure(named.micro),
      beside: `${figure(labels?.mostFrequent.micro ?? 0)} for the most frequent impression`,
      verdict: verdictOf(named.intervals.micro, labels?.mostFrequent.micro ?? 0),
    });
  const recall = retrieval && (Object.entries(retrieval.recall).find(([name]) => name === 'R@10') ?? Object.entries(retrieval.recall).at(-1));
  if (recall)
    all.push({
      title: `${recall[0]}: the film finds its own impression`,
      value: figure(recall[1].value),
      beside: `${figure(recall[1].chance)} by chance, among ${retrieval.gallery} impressions`,
      verdict: verdictOf(recall[1], recall[1].chance),
    });
  const aucs = zeroShot.flatMap(({ auc }) => (auc === null ? [] : [auc]));
  if (meanAuc !== undefined)
    all.push({
      title: 'Mean zero-shot AUC',
      value: figure(meanAuc),
      beside: `0.5 by chance; over ${aucs.length} ${aucs.length === 1 ? 'question' : 'questions'}`,
      verdict: aucs.every((auc) => verdictOf(auc, 0.5) === 'better') ? 'better' : meanAuc < 0.5 ? 'worse' : 'open',
    });
  return all;
}

const words: Readonly<Record<Tile['verdict'], string>> = { better: 'better than that', worse: 'no better than that', open: 'no clear difference' };

/** The head of the page. */
export function overview(data: ReportData): Markup {
  const { config, evaluation, checkpoint, run } = data;
  const facts = [
    `preset ${config.preset}`,
    `${(checkpoint.parameters.total! / 1e6).toPrecision(3)} million parameters`,
    `seed ${config.seed}`,
    checkpoint.stage === 1 ? 'stage 1 only' : 'both stages',
  ];
  return html`<header class="top">
    <p class="kicker">HybridMED pre-training report</p>
    <h1>${run}</h1>
    <p class="facts">${facts.join(' · ')}</p>
    <p class="warning" role="note"><strong>Not a medical device.</strong> What this model writes or shows must not be used for the care of patients.</p>
    ${
      evaluation &&
      html`<div class="tiles">
          ${tiles(evaluation).map(
            ({ title, value, beside, verdict }) =>
              html`<div class="tile ${verdict}">
                <p class="tile-title">${title}</p>
                <p class="tile-value">${value}</p>
                <p class="tile-beside">${beside}<span class="verdict">${words[verdict]}</span></p>
              </div>`,
          )}
        </div>
        <p class="quiet">
          On ${evaluation.studies} ${evaluation.split} studies that training never saw. “Better” where the 95 % interval over studies leaves the other figure
          out.
        </p>`
    }
  </header>`;
}
