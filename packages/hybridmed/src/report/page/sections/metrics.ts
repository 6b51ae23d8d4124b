// Every metric with its confidence interval, compared with baselines.
import type { EvaluationReport, TextRow } from '@hybridmed/tasks/node';
import type { ReportData } from '../../report-data.ts';
import type { Markup } from '../markup.ts';
import { html } from '../markup.ts';
import type { Metric, MetricRow } from './metric-panel.ts';
import { metricPanel } from './metric-panel.ts';
import { section } from './section.ts';

const systems = [
  ['image', 'from the image', 'own'],
  ['findings', 'from the findings', 'own'],
  ['mostFrequent', 'most frequent impression', 'baseline'],
  ['nearestFindings', 'nearest findings (tf-idf)', 'baseline'],
] as const;

const textMetrics: readonly (readonly [keyof TextRow['intervals'], string, string])[] = [
  ['bleu1', 'BLEU-1', 'Matching single words, over the corpus.'],
  ['bleu4', 'BLEU-4', 'Matching n-grams of up to four words, over the corpus.'],
  ['rougeL', 'ROUGE-L', 'Longest common subsequence of words, mean over studies.'],
  ['cider', 'CIDEr', 'Agreement of n-grams weighted towards rare ones, 0 to 10.'],
];

function textPanels({ text }: EvaluationReport): Metric[] {
  return textMetrics.map(([key, title, explanation]) => ({
    title,
    explanation,
    rows: systems.flatMap(([system, name, kind]): MetricRow[] => (text[system] ? [{ name, kind, interval: text[system].intervals[key] }] : [])),
  }));
}

/** A value without an interval. */
const withoutInterval = (value: number): MetricRow['interval'] => ({ value, low: Number.NaN, high: Number.NaN });

function distinctPanel({ text, studies }: EvaluationReport): Metric {
  return {
    title: 'Distinct impressions',
    explanation: `Different texts for ${studies} studies: a model with few of them repeats itself.`,
    rows: systems.flatMap(([system, name, kind]): MetricRow[] =>
      text[system] ? [{ name, kind, interval: withoutInterval(text[system].distinct), digits: 0 }] : [],
    ),
    range: [0, studies],
  };
}

function lossPanel({ captioning, perToken }: EvaluationReport): Metric {
  return {
    title: 'Nats per token of the true impression',
    explanation: 'Loss of each branch on the radiologist’s impression; lower is better.',
    rows: [
      ...(perToken.image ? [{ name: 'image', interval: perToken.image }] : []),
      { name: 'findings', interval: perToken.findings },
      ...(captioning ? [{ name: "another study's image", kind: 'baseline' as const, interval: withoutInterval(captioning.shuffledPerToken) }] : []),
      ...(captioning ? [{ name: 'gained by the right image', interval: captioning.difference, reference: 0 }] : []),
    ],
  };
}

function labelPanels({ labels }: EvaluationReport): Metric[] {
  if (!labels) return [];
  const against = labels.source === 'labels' ? "the studies' labels" : 'its labels of the true impressions';
  const panel = (key: 'micro' | 'macro', title: string, average: string): Metric => ({
    title,
    explanation: `Findings of the rule labeller in the text, against ${against}; ${average}.`,
    rows: systems.flatMap(([system, name, kind]): MetricRow[] => (labels[system] ? [{ name, kind, interval: labels[system].intervals[key] }] : [])),
    range: [0, 1],
  });
  return [
    panel('micro', 'Label F1, micro', 'over all findings of all studies'),
    panel('macro', 'Label F1, macro', `mean over ${Object.keys(labels.findings.perLabel).length} findings`),
  ];
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

function zeroShotPanel({ zeroShot }: EvaluationReport): Metric[] {
  if (zeroShot.length === 0) return [];
  return [
    {
      title: 'Zero-shot AUC',
      explanation: 'From prompts alone, without labels in training. The dashed line is chance.',
      rows: zeroShot.map(({ name, auc, positives, studies, undefined: reason }) => ({
        name,
        interval: auc ?? withoutInterval(Number.NaN),
        reference: 0.5,
        note: reason ?? `${positives} of ${studies}`,
      })),
      range: [0, 1],
    },
  ];
}

/** The metrics of the run. */
export function metricsSection({ evaluation }: ReportData): Markup {
  if (!evaluation) return section('metrics', 'Metrics', 'This run has not been evaluated.');
  const panels = [
    ...textPanels(evaluation),
    ...labelPanels(evaluation),
    lossPanel(evaluation),
    ...retrievalPanel(evaluation),
    ...zeroShotPanel(evaluation),
    distinctPanel(evaluation),
  ];
  return section(
    'metrics',
    'Metrics',
    html`${evaluation.studies} studies of the ${evaluation.split} split. Bars are 95 % confidence intervals over studies (bootstrap).
      <span class="legend"><span class="key own"></span>this run</span> <span class="legend"><span class="key baseline"></span>baseline</span>`,
    html`<div class="columns">${panels.map(metricPanel)}</div>`,
  );
}
