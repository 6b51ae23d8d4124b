import { addedLabels, addedMeshLabels, countImageLabels, imageLabels, labelImage, rareLabels, reportLabels } from '@hybridmed/eval/labeller';
import type { LabelledReport } from '@hybridmed/eval/labeller';
import { describe, expect, test } from 'vitest';

/** Certainties of the added labels that a text mentions. */
const said = (text: string) => Object.fromEntries(Object.entries(labelImage(text)).filter(([label]) => (addedLabels as readonly string[]).includes(label)));

describe('labels beside the fourteen', () => {
  test.each([
    ['Hyperexpanded lungs, consistent with COPD.', { Emphysema: 'present' }],
    ['Findings suggest emphysema.', { Emphysema: 'uncertain' }],
    ['The lungs are not hyperinflated.', { Emphysema: 'absent' }],
    ['Flattening of the diaphragms.', { Emphysema: 'present' }],
    ['Subcutaneous emphysema.', {}],
    ['Calcified granuloma in the left base.', { 'Granuloma or Calcification': 'present' }],
    ['No granuloma. Aortic calcifications.', { 'Granuloma or Calcification': 'present' }],
    ['Mild apical scarring.', { Scar: 'present' }],
    ['Possible scar.', { Scar: 'uncertain' }],
    ['Degenerative changes of the spine without fracture.', { 'Bone Change': 'present' }],
    ['No scoliosis.', { 'Bone Change': 'absent' }],
    ['Old rib fracture. The heart is enlarged.', {}],
  ])('%s', (text, expected) => {
    expect(said(text)).toEqual(expected);
  });

  test('the fourteen come first and are as they are without the others', () => {
    expect(imageLabels).toEqual([...reportLabels, ...addedLabels]);
    expect(labelImage('Calcified granuloma. No effusion.')).toEqual({
      'No Finding': 'present',
      'Pleural Effusion': 'absent',
      'Granuloma or Calcification': 'present',
    });
  });

  test('MeSH tags', () => {
    const stated = (tags: string) => Object.entries(addedMeshLabels(tags)).flatMap(([label, value]) => (value ? [label] : []));
    expect(stated('normal')).toEqual([]);
    expect(stated('Lung/hyperdistention;Thoracic Vertebrae/degenerative/mild')).toEqual(['Emphysema', 'Bone Change']);
    expect(stated('Subcutaneous Emphysema/neck;Calcinosis/aorta;Cicatrix/lung/apex')).toEqual(['Granuloma or Calcification', 'Scar']);
  });

  test('hostile texts end quickly', () => {
    const start = performance.now();
    labelImage('flattening of the '.repeat(50_000));
    labelImage('hyper'.repeat(100_000));
    labelImage('subcutaneous '.repeat(50_000));
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe('counts of labels', () => {
  const report = (id: number, split: 'train' | 'test', impression: string, findings = ''): LabelledReport<'train' | 'test'> => ({
    report: `r${id}`,
    split,
    findings,
    impression,
  });

  test('each report once in a split, unmentioned with the denied, the doubted apart, nothing for a report without text', () => {
    const counts = countImageLabels([
      report(1, 'train', 'Emphysema.'),
      report(1, 'train', 'Emphysema.'),
      report(2, 'train', 'Possible emphysema.'),
      report(3, 'train', 'Clear lungs.', 'No emphysema'),
      report(4, 'train', 'Scar.'),
      report(5, 'train', ' '),
      report(1, 'test', 'Emphysema.'),
    ]);
    expect(counts.Emphysema).toEqual({ train: { positive: 1, negative: 2, uncertain: 1 }, test: { positive: 1, negative: 0, uncertain: 0 } });
    expect(counts.Scar.train).toEqual({ positive: 1, negative: 3, uncertain: 0 });
  });

  test('a section does not continue the other', () => {
    const { Scar } = countImageLabels([report(1, 'train', 'Scar', 'There is no effusion and no')]);
    expect(Scar.train).toEqual({ positive: 1, negative: 0, uncertain: 0 });
  });

  test('ten training studies on either side keep a label; nine, or doubted ones, do not', () => {
    const studies = (emphysema: number, others: number) => [
      ...Array.from({ length: emphysema }, (_, i) => report(i, 'train', 'Emphysema.')),
      ...Array.from({ length: others }, (_, i) => report(100 + i, 'train', 'Clear lungs.')),
      ...Array.from({ length: 30 }, (_, i) => report(200 + i, 'train', 'Possible emphysema.')),
      ...Array.from({ length: 30 }, (_, i) => report(300 + i, 'test', 'Emphysema.')),
    ];
    const rare = (emphysema: number, others: number) => rareLabels(countImageLabels(studies(emphysema, others))).find(({ label }) => label === 'Emphysema');
    expect(rare(10, 10)).toBeUndefined();
    expect(rare(9, 40)!.line).toBe('Emphysema: 9 positive and 40 negative training studies; a label needs 10 of either to be trained');
    expect(rare(40, 9)!.line).toContain('40 positive and 9 negative');
    expect(rareLabels(countImageLabels([])).map(({ label }) => label)).toEqual([...imageLabels]);
  });
});
