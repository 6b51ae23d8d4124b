// The head of the page: the run, the warning, and the few metrics that show whether training worked.
import type { Interval } from '@hybridmed/eval';
import { runsStage } from '@hybridmed/training/settings';
import type { EvaluationReport } from '@hybridmed/tasks/node';
import type { ReportData } from '../../report-data.ts';
import type { Markup } from '../markup.ts';
import { html } from '../markup.ts';
import { formatNumber } from './metric-panel.ts';

interface Tile {
  readonly title: string;
  readonly value: string;
  readonly comparison: string;
  readonly verdict: 'better' | 'worse' | 'unclear';
}

const verdictOf = (own: Interval, reference: number): Tile['verdict'] => (own.low > reference ? 'better' : own.high < reference ? 'worse' : 'unclear');

/** The metrics of the head, each with what it is compared with. */
function tiles({ captioning, text, labels, retrieval, zeroShot, meanAuc }: EvaluationReport): Tile[] {
  const all: Tile[] = [];
  if (captioning)
    all.push({
      title: 'Nats per token gained by the right image',
      value: formatNumber(captioning.difference.value),
      comparison: `${formatNumber(captioning.perToken)} with the study's image, ${formatNumber(captioning.shuffledPerToken)} with another patient's`,
      verdict: verdictOf(captioning.difference, 0),
    });
  const [scores, source] = text.image ? [text.image, 'the image'] : [text.findings, 'the findings'];
  all.push({
    title: `CIDEr of impressions generated from ${source}`,
    value: formatNumber(scores.cider),
    comparison: `${formatNumber(text.mostFrequent.cider)} for always the most frequent impression`,
    verdict: verdictOf(scores.intervals.cider, text.mostFrequent.cider),
  });
  const labelScores = labels?.image ?? labels?.findings;
  if (labelScores)
    all.push({
      title: `Label F1 of impressions from ${labels?.image ? 'the image' : 'the findings'}`,
      value: formatNumber(labelScores.micro),
      comparison: `${formatNumber(labels?.mostFrequent.micro ?? 0)} for the most frequent impression`,
      verdict: verdictOf(labelScores.intervals.micro, labels?.mostFrequent.micro ?? 0),
    });
  const recall = retrieval && (Object.entries(retrieval.recall).find(([name]) => name === 'R@10') ?? Object.entries(retrieval.recall).at(-1));
  if (recall)
    all.push({
      title: `${recall[0]}: own impression retrieved by the image`,
      value: formatNumber(recall[1].value),
      comparison: `${formatNumber(recall[1].chance)} by chance, among ${retrieval.gallery} impressions`,
      verdict: verdictOf(recall[1], recall[1].chance),
    });
  const supervised = zeroShot.filter((row) => row.supervised).length;
  const aucs = zeroShot.flatMap(({ auc }) => (auc === null ? [] : [auc]));
  if (meanAuc !== undefined)
    all.push({
      title: supervised === 0 ? 'Mean zero-shot AUC' : 'Mean AUC by prompts',
      value: formatNumber(meanAuc),
      comparison: `0.5 by chance; over ${aucs.length} ${aucs.length === 1 ? 'question' : 'questions'}${supervised === 0 ? '' : `, ${supervised} of them on findings by whose labels the images were trained`}`,
      verdict: aucs.every((auc) => verdictOf(auc, 0.5) === 'better') ? 'better' : meanAuc < 0.5 ? 'worse' : 'unclear',
    });
  return all;
}

const verdicts: Readonly<Record<Tile['verdict'], string>> = { better: 'better', worse: 'not better', unclear: 'no clear difference' };

/** The head of the page. */
export function overview(data: ReportData): Markup {
  const { config, evaluation, checkpoint, run } = data;
  const facts = [
    `preset ${config.preset}`,
    `${(checkpoint.parameters.total! / 1e6).toPrecision(3)} million parameters`,
    `seed ${config.seed}`,
    checkpoint.stage === 2 ? (runsStage(config, 0) ? 'all three stages' : 'both stages') : `stage ${checkpoint.stage} only`,
  ];
  return html`<header class="top">
    <p class="kicker">HybridMED pre-training report</p>
    <h1>${run}</h1>
    <p class="facts">${facts.join(' · ')}</p>
    <p class="warning" role="note"><strong>Not a medical device.</strong> The output of this model must not be used for the care of patients.</p>
    ${
      evaluation &&
      html`<div class="tiles">
          ${tiles(evaluation).map(
            ({ title, value, comparison, verdict }) =>
              html`<div class="tile ${verdict}">
                <p class="tile-title">${title}</p>
                <p class="tile-value">${value}</p>
                <p class="tile-comparison">${comparison}<span class="verdict">${verdicts[verdict]}</span></p>
              </div>`,
          )}
        </div>
        <p class="quiet">
          On ${evaluation.studies} ${evaluation.split} studies held out from training. “Better”: the 95 % confidence interval over studies excludes the value
          compared with.
        </p>`
    }
  </header>`;
}
