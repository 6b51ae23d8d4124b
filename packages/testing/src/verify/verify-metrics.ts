// Replays goldens that are numbers alone: evaluation metrics and token ids.
import { accuracy, auc, averagePrecision, bleu, ciderEach, cider, confusion, decide, f1, mcc, rougeL, rougeLEach } from '@hybridmed/eval';
import { tokenizerFromVocab } from '@hybridmed/text';
import type { Comparison, Golden } from './golden.ts';
import { relativeError, Report, scalarError } from './golden.ts';

const bound = 1e-6;
const vector = (values: readonly number[]) => Float64Array.from(values);

interface TextPart {
  hypotheses: string[];
  references: string[];
  bleu: number[];
  rougeL: number;
  rougeL_each: number[];
  cider: number;
  cider_each: number[];
}

/** Threshold that a key such as `f1_at_0_2` names. */
const thresholdOf = (key: string): number => Number(key.slice(key.indexOf('_at_') + 4).replace('_', '.'));

// oxlint-disable-next-line typescript/no-explicit-any -- goldens are as untyped as their JSON.
function compareRanking(report: Report, ranking: Readonly<Record<string, any>>): void {
  const { labels, scores } = ranking as { labels: number[]; scores: number[] };
  const decided = { f1, accuracy, mcc };
  for (const [key, value] of Object.entries(ranking)) {
    if (key === 'auc') report.add('AUC', scalarError(auc(labels, scores), value), bound);
    else if (key === 'average_precision') report.add('average precision', scalarError(averagePrecision(labels, scores), value), bound);
    else {
      const metric = Object.entries(decided).find(([name]) => key.startsWith(`${name}_at_`));
      if (metric) report.add(key.replaceAll('_', ' '), scalarError(metric[1](confusion(labels, decide(scores, thresholdOf(key)))), value), bound);
    }
  }
}

/** Replays `metrics.json`: text scores and ranking scores within 1e-6. They run on the host, whatever the device. */
export function verifyMetrics({ name, json }: Golden): Comparison[] {
  const report = new Report(name);
  if (json.text) {
    const text = json.text as TextPart;
    const { hypotheses, references } = text;
    bleu(hypotheses, references).forEach((value, i) => report.add(`BLEU-${i + 1}`, scalarError(value, text.bleu[i]!), bound));
    report.add('ROUGE-L', scalarError(rougeL(hypotheses, references), text.rougeL), bound);
    report.add('ROUGE-L of each text', relativeError(vector(rougeLEach(hypotheses, references)), vector(text.rougeL_each)), bound);
    report.add('CIDEr', scalarError(cider(hypotheses, references), text.cider), bound);
    report.add('CIDEr of each text', relativeError(vector(ciderEach(hypotheses, references)), vector(text.cider_each)), bound);
  }
  if (json.ranking) compareRanking(report, json.ranking);
  return report.rows();
}

/** Replays `wordpiece.json`: ids of texts under each vocabulary must be equal. `texts` holds each vocabulary file's content. */
export function verifyTokens({ name, json, texts = {} }: Golden): Comparison[] {
  const report = new Report(name);
  for (const [kind, path] of Object.entries(json.vocab as Record<string, string>)) {
    const vocabulary = texts[path];
    if (vocabulary === undefined) {
      report.add(`${kind}: ${path} is missing`, Infinity, 0);
      continue;
    }
    const tokenizer = tokenizerFromVocab(vocabulary, { lowercase: json.lowercase[kind] });
    const differing = (json[kind] as { text: string; ids: number[] }[]).filter(({ text, ids }) => tokenizer.encode(text).join() !== ids.join());
    report.add(`${kind}: fraction of texts with other ids`, differing.length / json[kind].length, 0);
  }
  return report.rows();
}
