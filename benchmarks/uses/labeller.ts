// The rule labeller against labels of others: phantoms' own, and Open-I's MeSH coding. Figures only, never texts.
import { openDataSet, phantomFindings, phantomStudy } from '@hybridmed/data';
import { labelF1 } from '@hybridmed/eval';
import { labelSet, meshLabels, phantomLabels, reportLabels } from '@hybridmed/eval/labeller';
import { saveResult } from '../results.ts';

type Labels = Readonly<Record<string, 0 | 1>>;

/** F1 of all labels, and each label's F1 with how often others set it. */
function agreement(truth: readonly Labels[], read: readonly Labels[], labels: readonly string[]): object {
  const { micro, macro, perLabel } = labelF1(truth, read, labels);
  const each = Object.fromEntries(labels.map((label) => [label, { f1: perLabel[label], positives: truth.filter((own) => own[label] === 1).length }]));
  return { micro, macro, labels: each };
}

/** Writes results/uses-labeller.json. The rules were made on Open-I's training and validation reports; the figures are of its test split. */
export async function labeller({ data, phantoms }: { data: string; phantoms: number }): Promise<void> {
  const drawn = Array.from({ length: phantoms }, (_, i) => phantomStudy(1, i, 8));
  const truth = drawn.map(({ labels }) => Object.fromEntries(phantomFindings.map((name) => [phantomLabels[name], labels[name]])));
  const ofPhantoms = (section: 'findings' | 'impression') =>
    agreement(
      truth,
      drawn.map((study) => labelSet(study[section])),
      Object.values(phantomLabels),
    );
  const { studies } = await openDataSet(data, { views: 'all', minWords: 0 });
  const reports = [...new Map(studies.filter(({ split }) => split === 'test').map((study) => [study.report, study])).values()];
  const coded = reports.map(({ tags = '' }) => meshLabels(tags));
  const ofReports = (uncertain: 0 | 1) =>
    agreement(
      coded,
      reports.map(({ findings, impression }) => labelSet(`${findings} ${impression}`, { uncertain })),
      reportLabels,
    );
  await saveResult('uses-labeller', {
    phantoms: { studies: phantoms, findings: ofPhantoms('findings'), impression: ofPhantoms('impression') },
    openi: { split: 'test', reports: reports.length, doubtsAbsent: ofReports(0), doubtsPresent: ofReports(1) },
  });
}
