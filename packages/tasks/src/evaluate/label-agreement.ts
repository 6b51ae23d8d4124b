// Clinical agreement of texts: labels that generated impressions state, compared with those of the studies or of the true impressions.
import type { Study } from '@hybridmed/data';
import type { Interval } from '@hybridmed/eval';
import { bootstrapAll, f1, labelF1 } from '@hybridmed/eval';
import type { ReportLabel } from '@hybridmed/eval/labeller';
import { labelSet, phantomLabels, reportLabels } from '@hybridmed/eval/labeller';
import type { FindingName } from '@hybridmed/phantoms';
import type { Example, LabelTable, NamedTexts } from './report.ts';

type Labels = Readonly<Partial<Record<ReportLabel, 0 | 1>>>;

/** A study's labels under the labeller's names; undefined where it has none of them. */
function studyLabels({ labels }: Study): Labels | undefined {
  if (!labels) return undefined;
  const namedLabels = Object.entries(labels).flatMap(([name, value]) => {
    const label = phantomLabels[name as FindingName] ?? reportLabels.find((other) => other === name);
    return label ? [[label, value] as const] : [];
  });
  return namedLabels.length > 0 ? (Object.fromEntries(namedLabels) as Labels) : undefined;
}

/** Micro and macro F1 over resampled studies, from counts computed once. */
function intervals(truth: readonly Labels[], stated: readonly Labels[], labels: readonly ReportLabel[]): { micro: Interval; macro: Interval } {
  const tables = labels.map((label) => truth.map((own, i) => (own[label] ? 2 : 0) + (stated[i]![label] ? 1 : 0)));
  const [micro, macro] = bootstrapAll(truth.length, (indices) => {
    const sum = { truePositives: 0, falsePositives: 0, falseNegatives: 0, trueNegatives: 0 };
    let each = 0;
    for (const table of tables) {
      const counts = [0, 0, 0, 0];
      for (const i of indices) counts[table[i]!]!++;
      const own = { trueNegatives: counts[0]!, falsePositives: counts[1]!, falseNegatives: counts[2]!, truePositives: counts[3]! };
      each += f1(own);
      for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += own[key];
    }
    return [f1(sum), each / tables.length];
  });
  return { micro: micro!, macro: macro! };
}

/**
 * Agreement of texts with the studies' own labels where they have the labeller's (phantoms, CheXpert's columns), else with what the
 * same labeller reads in the true impression. Labels that no study has are left out; "No Finding" too, which the others decide. Empty
 * where nothing is left.
 */
export function labelAgreement(studies: readonly Study[], texts: NamedTexts): { table?: LabelTable; byStudy: Pick<Example, 'labels'>[] } {
  const own = studies.map(studyLabels);
  const labelled = own.every((labels) => labels !== undefined);
  const truth: readonly Labels[] = labelled ? (own as Labels[]) : studies.map(({ impression }) => labelSet(impression));
  const names = reportLabels.filter((label) => label !== 'No Finding' && truth.some((labels) => labels[label] === 1));
  if (names.length === 0) return { byStudy: [] };
  const labelsOfTexts = (impressions: readonly string[]) => impressions.map((impression) => labelSet(impression));
  const scored = (stated: readonly Labels[]) => ({
    ...labelF1(truth as Record<string, 0 | 1>[], stated as Record<string, 0 | 1>[], names),
    intervals: intervals(truth, stated, names),
  });
  const present = (labels: Labels) => names.filter((name) => labels[name] === 1);
  const image = texts.image && labelsOfTexts(texts.image);
  const findings = labelsOfTexts(texts.findings);
  return {
    table: {
      source: labelled ? 'labels' : 'impressions',
      ...(image ? { image: scored(image) } : {}),
      findings: scored(findings),
      mostFrequent: scored(labelsOfTexts(texts.mostFrequent)),
      nearestFindings: scored(labelsOfTexts(texts.nearestFindings)),
    },
    byStudy: truth.map((labels, i) => ({
      labels: { truth: present(labels), ...(image ? { image: present(image[i]!) } : {}), findings: present(findings[i]!) },
    })),
  };
}
