// Every metric with its confidence interval, compared with baselines.
import { labelHeadWords, labelSupervised } from '../../../label-supervised.ts';
import type { TextSystem } from '@hybridmed/tasks';
import { textSystems } from '@hybridmed/tasks';
import type { EvaluationReport, TextRow } from '@hybridmed/tasks/node';
import type { ReportData } from '../../report-data.ts';
import type { Markup } from '../markup.ts';
import { html } from '../markup.ts';
import type { Metric, MetricRow } from './metric-panel.ts';
import { metricPanel } from './metric-panel.ts';
import { section } from './section.ts';

const textMetrics: readonly (readonly [keyof TextRow['intervals'], string, string])[] = [
  ['bleu1', 'BLEU-1', 'Matching single words, over the corpus.'],
  ['bleu4', 'BLEU-4', 'Matching n-grams of up to four words, over the corpus.'],
  ['rougeL', 'ROUGE-L', 'Longest common subsequence of words, mean over studies.'],
  ['cider', 'CIDEr', 'Agreement of n-grams weighted towards rare ones, 0 to 10.'],
];

/** A row for each system that is there. */
const rowsBySystem = <T>(values: Readonly<Partial<Record<TextSystem, T>>>, intervalOf: (value: T) => MetricRow['interval']): MetricRow[] =>
  textSystems.flatMap(({ key, title, kind }) => {
    const value = values[key];
    return value === undefined ? [] : [{ name: title, kind, interval: intervalOf(value) }];
  });

function textPanels({ text }: EvaluationReport): Metric[] {
  return textMetrics.map(([key, title, explanation]) => ({
    title,
    explanation,
    rows: rowsBySystem(text, (row) => row.intervals[key]),
  }));
}

/** How what is written from the findings compares with the strongest baseline, study by study. */
function consensusPanel({ text }: EvaluationReport): Metric[] {
  const { overConsensus } = text.findings;
  if (!overConsensus) return [];
  return [
    {
      title: 'From the findings minus the consensus',
      explanation: 'Paired differences to the consensus of the ten nearest findings, the strongest baseline; above 0 is better.',
      rows: (['bleu4', 'rougeL', 'cider'] as const).map((key) => ({
        name: textMetrics.find(([metric]) => metric === key)![1],
        kind: 'own',
        interval: overConsensus[key],
        reference: 0,
      })),
    },
  ];
}

/** A value without an interval. */
const withoutInterval = (value: number): MetricRow['interval'] => ({ value, low: Number.NaN, high: Number.NaN });

function distinctPanel({ text, studies }: EvaluationReport): Metric {
  return {
    title: 'Distinct impressions',
    explanation: `Different texts for ${studies} studies: a model with few of them repeats itself.`,
    rows: rowsBySystem(text, ({ distinct }) => withoutInterval(distinct)).map((row) => ({ ...row, digits: 0 })),
    range: [0, studies],
  };
}

function lossPanel({ captioning, perToken, withoutImages }: EvaluationReport): Metric {
  return {
    title: 'Nats per token of the true impression',
    explanation: `Loss of each branch on the radiologist’s impression; lower is better.${captioning ? ` Wrong images are the mean of ${captioning.draws} shuffles.` : ''}`,
    rows: [
      ...(perToken.image ? [{ name: withoutImages ? 'image branch, without images' : 'image', interval: perToken.image }] : []),
      { name: 'findings', interval: perToken.findings },
      ...(captioning ? [{ name: "another patient's image", kind: 'baseline' as const, interval: withoutInterval(captioning.shuffledPerToken) }] : []),
      ...(captioning ? [{ name: 'gained by the right image', interval: captioning.difference, reference: 0 }] : []),
    ],
  };
}

function normalPanel({ normalLikelihood }: EvaluationReport): Metric[] {
  if (!normalLikelihood) return [];
  const { sentences, byData, byText } = normalLikelihood;
  const row = (name: string, { auc, positives, studies, undefined: reason }: typeof byText): MetricRow => ({
    name,
    interval: auc ?? withoutInterval(Number.NaN),
    reference: 0.5,
    note: reason ?? `${positives} of ${studies}`,
  });
  return [
    {
      title: 'AUC of normal sentences',
      explanation: `Whether the image branch finds the ${sentences.length} most frequent normal impressions likelier for normal studies. The dashed line is chance.`,
      rows: [...(byData ? [row('normal by the data set', byData)] : []), row('no finding in the impression', byText)],
      range: [0, 1],
    },
  ];
}

function labelPanels({ labels }: EvaluationReport): Metric[] {
  if (!labels) return [];
  const against = labels.source === 'labels' ? "the studies' labels" : 'its labels of the true impressions';
  const panel = (key: 'micro' | 'macro', title: string, average: string): Metric => ({
    title,
    explanation: `Findings of the rule labeller in the text, against ${against}; ${average}.`,
    rows: rowsBySystem(labels, ({ intervals }) => intervals[key]),
    range: [0, 1],
  });
  return [
    {
      title: 'Naming a finding',
      explanation: `Balanced accuracy of whether a text names any finding, against ${against}. The dashed line is a constant text's.`,
      rows: rowsBySystem(labels, ({ naming }) => naming.balancedAccuracy ?? withoutInterval(Number.NaN)).map((row) => ({ ...row, reference: 0.5 })),
      range: [0, 1],
    },
    panel('micro', 'Label F1, micro', 'over all findings of all studies'),
    panel('macro', 'Label F1, macro', `mean over ${Object.keys(labels.findings.perLabel).length} findings`),
  ];
}

/** What published networks say, where an evaluation named them. */
function publishedPanels({ bertScore, chexbert }: EvaluationReport): Metric[] {
  const panels: Metric[] = [];
  if (bertScore)
    panels.push({
      title: 'BERTScore F1',
      explanation: `Best cosines between word pieces of both texts, layer ${bertScore.layer} of ${bertScore.depth} of a published BERT${bertScore.idf ? ', weighed by idf' : ''}; not rescaled.`,
      rows: rowsBySystem(bertScore, ({ f1 }) => f1),
    });
  if (chexbert)
    for (const [part, title] of [
      ['all14', '14 labels'],
      ['five', '5 labels'],
    ] as const)
      panels.push({
        title: `CheXbert F1, micro, ${title}`,
        explanation: 'Labels that a published labeller reads in both texts; uncertain counts as present.',
        rows: rowsBySystem(chexbert, (agreement) => agreement[part].intervals.micro),
        range: [0, 1],
      });
  return panels;
}

function retrievalPanel({ retrieval }: EvaluationReport): Metric[] {
  if (!retrieval) return [];
  return [
    {
      title: 'Image to impression',
      explanation: `Fraction of images whose own impression is among the K nearest of ${retrieval.gallery}; median rank ${retrieval.medianRank}. The dashed line is chance.`,
      rows: Object.entries(retrieval.recall).map(([name, row]) => ({ name, interval: row, reference: row.chance })),
      range: [0, 1],
    },
  ];
}

const sentence = (words: string): string => `${words[0]!.toUpperCase()}${words.slice(1)}.`;

type NamedAuc = Pick<EvaluationReport['zeroShot'][number], 'name' | 'auc' | 'positives' | 'studies' | 'undefined'>;

/** AUCs by name, compared with chance. */
const aucPanel = (title: string, explanation: string, rows: readonly NamedAuc[]): Metric => ({
  title,
  explanation: `${explanation} The dashed line is chance.`,
  rows: rows.map(({ name, auc, positives, studies, undefined: reason }) => ({
    name,
    interval: auc ?? withoutInterval(Number.NaN),
    reference: 0.5,
    note: reason ?? `${positives} of ${studies}`,
  })),
  range: [0, 1],
});

/** The head of label supervision against the labels that reports give, and against truths that its training labels did not make. */
function labelHeadPanels({ imageLabels = [], labelHead = [], staleHead }: EvaluationReport): Metric[] {
  const stale = staleHead ? ` ${sentence(labelHeadWords.stale)}` : '';
  const panel = (title: string, words: string, rows: readonly NamedAuc[]) => (rows.length === 0 ? [] : [aucPanel(title, `${sentence(words)}${stale}`, rows)]);
  const named = imageLabels.map((row) => ({ ...row, name: row.column }));
  const answers = labelHead.map((row) => ({ ...row, name: `${row.name} (${row.column})` }));
  return [...panel('AUC of image labels', labelHeadWords.labels, named), ...panel('AUC of the label head', labelHeadWords.truths, answers)];
}

function zeroShotPanel({ zeroShot }: EvaluationReport): Metric[] {
  const panel = (supervised: boolean, title: string, explanation: string): Metric[] => {
    const rows = zeroShot.filter((row) => (row.supervised ?? false) === supervised);
    return rows.length === 0 ? [] : [aucPanel(title, explanation, rows)];
  };
  return [
    ...panel(false, 'Zero-shot AUC', 'From prompts alone, without labels of these in training.'),
    ...panel(true, 'AUC by prompts, label-supervised', sentence(labelSupervised)),
  ];
}

/** The metrics of the run. */
export function metricsSection({ evaluation }: ReportData): Markup {
  if (!evaluation) return section('metrics', 'Metrics', 'This run has not been evaluated.');
  const panels = [
    ...textPanels(evaluation),
    ...consensusPanel(evaluation),
    ...labelPanels(evaluation),
    ...publishedPanels(evaluation),
    lossPanel(evaluation),
    ...normalPanel(evaluation),
    ...retrievalPanel(evaluation),
    ...zeroShotPanel(evaluation),
    ...labelHeadPanels(evaluation),
    distinctPanel(evaluation),
  ];
  return section(
    'metrics',
    'Metrics',
    html`${evaluation.studies} studies of the ${evaluation.split}
      split.${evaluation.withoutImages && ' The model was trained without images: texts from images, retrieval and zero-shot classification are left out.'} Bars
      are 95 % confidence intervals over studies (bootstrap). <span class="legend"><span class="key own"></span>this run</span>
      <span class="legend"><span class="key baseline"></span>baseline</span>`,
    html`<div class="columns">${panels.map(metricPanel)}</div>`,
  );
}
