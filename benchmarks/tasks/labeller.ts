// The rule labeller compared with other labels: those of phantoms, and Open-I's MeSH coding. Saves metrics only, never texts.
import { openDataSet } from '@hybridmed/data';
import { phantomFindings, phantomStudy } from '@hybridmed/phantoms';
import { labelF1 } from '@hybridmed/eval';
import { labelSet, meshLabels, phantomLabels, reportLabels } from '@hybridmed/eval/labeller';
import { saveResult } from '../results.ts';

type Labels = Readonly<Record<string, 0 | 1>>;

/** F1 of all labels, and each label's F1 with its number of positives in the truth. */
function agreement(truth: readonly Labels[], predicted: readonly Labels[], labels: readonly string[]): object {
  const { micro, macro, perLabel } = labelF1(truth, predicted, labels);
  const each = Object.fromEntries(labels.map((label) => [label, { f1: perLabel[label], positives: truth.filter((study) => study[label] === 1).length }]));
  return { micro, macro, labels: each };
}

/** Writes results/tasks-labeller.json. The rules were developed on Open-I's training and validation reports; the metrics are on its test split. */
export async function labeller({ data, phantoms }: { data: string; phantoms: number }): Promise<void> {
  const phantomStudies = Array.from({ length: phantoms }, (_, i) => phantomStudy(1, i, 8));
  const truth = phantomStudies.map(({ labels }) => Object.fromEntries(phantomFindings.map((name) => [phantomLabels[name], labels[name]])));
  const ofPhantoms = (section: 'findings' | 'impression') =>
    agreement(
      truth,
      phantomStudies.map((study) => labelSet(study[section])),
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
  await saveResult('tasks-labeller', {
    phantoms: { studies: phantoms, findings: ofPhantoms('findings'), impression: ofPhantoms('impression') },
    openi: { split: 'test', reports: reports.length, doubtsAbsent: ofReports(0), doubtsPresent: ofReports(1) },
  });
}
