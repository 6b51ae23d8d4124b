import { chexpertLabels, openDataSet } from '@hybridmed/data';
import { phantomFindings, phantomPrompts, phantomStudy } from '@hybridmed/phantoms';
import { labelF1 } from '@hybridmed/eval';
import { addedLabels, addedMeshLabels, labelImage, labelSet, meshFindings, meshLabels, phantomLabels, reportLabels } from '@hybridmed/eval/labeller';
import { expect, test } from 'vitest';
import { sharedPath } from './shared.ts';

test('the labels are CheXpert’s, in the order in which data sets name them', () => {
  expect(reportLabels).toEqual(chexpertLabels);
});

test('every finding of a phantom has a label', () => {
  expect(Object.keys(phantomLabels)).toEqual([...phantomFindings]);
});

test('reads from phantom reports, findings and impression, exactly what was drawn', () => {
  const studies = Array.from({ length: 1500 }, (_, i) => phantomStudy(0, i, 2));
  for (const section of ['findings', 'impression'] as const) {
    const read = studies.map((study) => labelSet(study[section]));
    for (const finding of phantomFindings)
      studies.forEach((study, i) => expect(read[i]![phantomLabels[finding]], `${finding}: ${study[section]}`).toBe(study.labels[finding]));
  }
});

test('positive prompts of phantoms assert their own finding and no other; negative ones none', () => {
  const stated = (text: string) => Object.entries(labelSet(text)).flatMap(([label, value]) => (value && label !== 'No Finding' ? [label] : []));
  for (const [name, { positive, negative }] of Object.entries(phantomPrompts)) {
    for (const text of positive) expect(stated(text), text).toEqual([phantomLabels[name as keyof typeof phantomLabels]]);
    for (const text of negative) expect(stated(text), text).toEqual([]);
  }
});

const openi = sharedPath('data/iu_xray');

test.skipIf(openi.absent)('agrees with the MeSH coding of Open-I reports that its rules were not made on (skipped where they are absent)', async () => {
  const { studies } = await openDataSet(`openi:${openi.path}`, { views: 'all', minWords: 0 });
  const reports = [...new Map(studies.filter(({ split }) => split === 'test').map((study) => [study.report, study])).values()];
  expect(reports.length).toBeGreaterThan(600);
  const truth = reports.map(({ tags }) => meshLabels(tags!));
  const micro = (uncertain: 0 | 1) =>
    labelF1(
      truth,
      reports.map(({ findings, impression }) => labelSet(`${findings} ${impression}`, { uncertain })),
      reportLabels,
    ).micro;
  expect(micro(1)).toBeGreaterThan(0.9);
  expect(micro(0)).toBeGreaterThan(0.91);
});

test.skipIf(openi.absent)('added labels agree with the MeSH coding of the same reports (skipped where they are absent)', async () => {
  const { studies } = await openDataSet(`openi:${openi.path}`, { views: 'all', minWords: 0 });
  const reports = [...new Map(studies.filter(({ split }) => split === 'test').map((study) => [study.report, study])).values()];
  const truth = reports.map(({ tags }) => addedMeshLabels(tags!));
  const said = reports.map(({ findings, impression }) => labelImage(`${findings}. ${impression}`));
  const f1 = (label: (typeof addedLabels)[number]) =>
    labelF1(
      truth,
      said.map((labels) => ({ [label]: labels[label] === 'present' ? 1 : 0 })),
      [label],
    ).micro;
  const found = Object.fromEntries(addedLabels.map((label) => [label, f1(label)]));
  for (const label of addedLabels) expect(found[label], label).toBeGreaterThan(0.93);
});

test('findings by the names of headings', () => {
  expect(meshFindings('normal')).toEqual({ normal: 1, effusion: 0, emphysema: 0, cardiomegaly: 0 });
  expect(meshFindings('Pleural Effusion/left;Pulmonary Emphysema')).toEqual({ normal: 0, effusion: 1, emphysema: 1, cardiomegaly: 0 });
  expect(meshFindings('Cardiomegaly/mild;Lung/hyperdistention')).toEqual({ normal: 0, effusion: 0, emphysema: 0, cardiomegaly: 1 });
});

test.skipIf(openi.absent)('of the 623 frontal test pairs of Open-I 27, 24, 53 and 243 have them (skipped where they are absent)', async () => {
  const { studies } = await openDataSet(`openi:${openi.path}`, {});
  const findings = studies.filter(({ split }) => split === 'test').map(({ tags }) => meshFindings(tags!));
  const positives = (name: keyof (typeof findings)[number]) => findings.filter((own) => own[name] === 1).length;
  expect([findings.length, ...(['effusion', 'emphysema', 'cardiomegaly', 'normal'] as const).map(positives)]).toEqual([623, 27, 24, 53, 243]);
});
