import { labelReport, labelSet, meshLabels, reportLabels } from '@hybridmed/eval/labeller';
import { describe, expect, test } from 'vitest';

/** Label: certainty and sides, without "No Finding". */
const said = (text: string) =>
  Object.fromEntries(
    Object.entries(labelReport(text))
      .filter(([label]) => label !== 'No Finding')
      .map(([label, { certainty, sides }]) => [label, [certainty, ...sides].join(' ')]),
  );

describe('the rule labeller', () => {
  test.each([
    ['Small left pleural effusion.', { 'Pleural Effusion': 'present left' }],
    ['No pleural effusion or pneumothorax.', { 'Pleural Effusion': 'absent', Pneumothorax: 'absent' }],
    ['No focal consolidation, pleural effusion, or pneumothorax is seen.', { Consolidation: 'absent', 'Pleural Effusion': 'absent', Pneumothorax: 'absent' }],
    ['No pneumothorax, but there is a small right effusion.', { Pneumothorax: 'absent', 'Pleural Effusion': 'present right' }],
    ['The heart is mildly enlarged.', { Cardiomegaly: 'present' }],
    ['The heart is not enlarged.', { Cardiomegaly: 'absent' }],
    ['Heart size is normal. The lungs are clear.', { Cardiomegaly: 'absent', 'Lung Opacity': 'absent' }],
    ['Borderliné cardiomégaly.', { Cardiomegaly: 'uncertain' }],
    ['Borderline cardiomegaly.', { Cardiomegaly: 'uncertain' }],
    ['Left lower lobe opacity may represent pneumonia.', { 'Lung Opacity': 'present left', Pneumonia: 'uncertain' }],
    ['Pneumonia cannot be excluded.', { Pneumonia: 'uncertain' }],
    ['The right pneumothorax has resolved.', { Pneumothorax: 'absent' }],
    ['No significant change in the left effusion.', { 'Pleural Effusion': 'present left' }],
    ['Small left effusion and right basilar atelectasis.', { 'Pleural Effusion': 'present left', Atelectasis: 'present right' }],
    ['Bilateral pleural effusions, left greater than right.', { 'Pleural Effusion': 'present left right' }],
    ['Widening of the mediastinum.', { 'Enlarged Cardiomediastinum': 'present' }],
    ['Calcified nodule. Nipple shadow. No suspicious mass.', { 'Lung Lesion': 'absent' }],
    ['Right PICC with its tip in the SVC. Old left rib fractures.', { 'Support Devices': 'present right', Fracture: 'present left' }],
    ['There is no evidence of pulmonary edema. Small pericardial effusion.', { Edema: 'absent' }],
    ['Biapical pleural thickening.', { 'Pleural Other': 'present left right' }],
  ])('%s', (text, expected) => {
    expect(said(text)).toEqual(expected);
  });

  test('what is asserted anywhere is present, what is only doubted uncertain', () => {
    expect(said('Possible pneumonia. No pneumonia.').Pneumonia).toBe('uncertain');
    expect(said('No left pneumonia. Right pneumonia.').Pneumonia).toBe('present right');
  });

  test('no finding: no disease asserted or doubted; a device is no disease', () => {
    expect(labelReport('No acute cardiopulmonary abnormality. Right PICC.')['No Finding']!.certainty).toBe('present');
    expect(labelReport('Possible pneumonia.')['No Finding']!.certainty).toBe('absent');
    expect(labelReport('')['No Finding']!.certainty).toBe('present');
  });

  test('as a set, a doubt counts as asked', () => {
    expect(labelSet('Possible pneumonia.').Pneumonia).toBe(1);
    expect(labelSet('Possible pneumonia.', { uncertain: 0 }).Pneumonia).toBe(0);
    expect(Object.keys(labelSet(''))).toEqual([...reportLabels]);
  });

  test('hostile texts end quickly', () => {
    const start = performance.now();
    labelReport('heart '.repeat(100_000));
    labelReport(`${'no '.repeat(50_000)}effusion`);
    labelReport('enlarged'.repeat(20_000));
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

test('MeSH tags as labels', () => {
  const present = (tags: string) => Object.entries(meshLabels(tags)).flatMap(([label, value]) => (value ? [label] : []));
  expect(present('normal')).toEqual(['No Finding']);
  expect(present('Opacity/lung/base/left;Pleural Effusion/left/small;Aorta/tortuous')).toEqual(['Lung Opacity', 'Pleural Effusion']);
  expect(present('Catheters, Indwelling/right;Thickening/pleura/apex')).toEqual(['Pleural Other', 'Support Devices']);
  expect(present('Cardiac Shadow/enlarged;Hydropneumothorax/right')).toEqual(['Cardiomegaly', 'Pneumothorax', 'Pleural Effusion']);
});
