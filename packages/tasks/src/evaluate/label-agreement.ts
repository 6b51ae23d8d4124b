// Clinical agreement of texts: labels that generated impressions state against those of the studies, or of the true impressions.
import type { Study } from '@hybridmed/data';
import type { ReportLabel } from '@hybridmed/eval/labeller';
import { labelAgreementOf, labelSet, namingAgreement, phantomLabels, reportLabels } from '@hybridmed/eval/labeller';
import type { FindingName } from '@hybridmed/phantoms';
import type { Example, LabelTable, NamedTexts } from './report.ts';
import { mapSystems } from './systems.ts';

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

/** Whether labels hold a disease; devices are none. */
const hasFinding = (labels: Labels): boolean =>
  Object.entries(labels).some(([name, value]) => value === 1 && name !== 'No Finding' && name !== 'Support Devices');

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
  const stated = mapSystems(texts, (impressions) => impressions.map((impression) => labelSet(impression)));
  const present = (labels: Labels) => names.filter((name) => labels[name] === 1);
  const { image, findings } = stated;
  return {
    table: {
      source: labelled ? 'labels' : 'impressions',
      ...mapSystems(stated, (sets) => ({
        ...labelAgreementOf(truth, sets, names),
        naming: namingAgreement(truth.map(hasFinding), sets.map(hasFinding)),
      })),
    },
    byStudy: truth.map((labels, i) => ({
      labels: { truth: present(labels), ...(image ? { image: present(image[i]!) } : {}), findings: present(findings[i]!) },
    })),
  };
}
