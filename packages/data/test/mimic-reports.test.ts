import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMimicReport } from '@hybridmed/data';
import { describe, expect, test } from 'vitest';

const report = (...lines: string[]) => `                                 FINAL REPORT\n${lines.map((line) => ` ${line}\n`).join('')}`;
const names = (text: string) => readMimicReport(text).sections.map(({ name }) => name);

describe('sections of a MIMIC-CXR report', () => {
  test('heads in upper case at the start of a line; what stands before them is the preamble', () => {
    const { findings, impression, comparison, conclusion } = readMimicReport(
      report(
        'EXAMINATION:  CHEST',
        '',
        'COMPARISON:  ___.',
        '',
        'FINDINGS: ',
        '',
        'The lungs are clear.',
        'NOTE this: no head.',
        '',
        'IMPRESSION:',
        '',
        'No change.',
      ),
    );
    expect(findings).toBe('The lungs are clear.\n NOTE this: no head.');
    expect([impression, comparison, conclusion]).toEqual(['No change.', '___.', 'No change.']);
  });

  test.each([
    ['IMPRESSOIN', 'impression'],
    ['CONCLUSION', 'impression'],
    ['FINDINGS AND IMPRESSION', 'impression'],
    ['FINIDNGS', 'findings'],
    ['PA AND LATERAL CHEST RADIOGRAPH', 'findings'],
    ['PORTABLE UPRIGHT', 'findings'],
    ['CLINICAL HISTORY', 'history'],
    ['COMPARISON STUDY', 'comparison'],
    ['RECOMMENDATION(S)', 'recommendations'],
    ['SOMETHING ELSE', 'something else'],
    // The reason for an examination is no conclusion, though the data set's authors take it for one.
    ['NDICATION', 'indication'],
    ['INDCATION', 'indication'],
    ['INDICTAION', 'indication'],
    ['INDICATlON', 'indication'],
    ['1NDICATION', 'indication'],
    ['FINDINSG', 'findings'],
    ['FINDlNGS', 'findings'],
    ['MPRESSION', 'impression'],
    ['IMPRESSI0N', 'impression'],
    ['REASON FOR EXAMINTION', 'indication'],
    ['CLINCAL HISTRY', 'clincal histry'],
    ['COMPARIZON', 'comparison'],
    ['HSTORY', 'history'],
    ['FINDIGS', 'findings'],
  ])('%s is %s', (head, name) => {
    expect(names(report(`${head}:  Text of it.`))).toEqual(['preamble', name]);
  });

  test('the last section of a name wins; an empty one is none', () => {
    expect(readMimicReport(report('IMPRESSION:  First.', '', 'FINDINGS:  Here.', '', 'IMPRESSION:  Second.')).impression).toBe('Second.');
    expect(readMimicReport(report('CHEST, TWO VIEWS:', '', 'INDICATION:  Cough.', '', 'FINDINGS:  Clear.')).findings).toBe('Clear.');
    expect(readMimicReport(report('FINDINGS:  Clear.', '', 'IMPRESSION:  ')).impression).toBeUndefined();
  });

  test('addenda stand first and have a name of their own', () => {
    const text = ` WET READ: ___ 3:12 PM\n  No acute process.\n ${'_'.repeat(78)}\n                                 FINAL REPORT\n ADDENDUM:  Discussed with ___.\n \n FINDINGS:  Clear.\n`;
    expect(names(`\n${text}`)).toEqual(['preamble', 'wet read', 'addendum', 'findings']);
  });

  test('with neither section the last paragraphs are the conclusion, else the comparison', () => {
    const paragraphs = report('HISTORY:  Cough.', '', 'The heart is large.', '', 'Lungs are clear.');
    expect(readMimicReport(paragraphs)).toMatchObject({
      lastParagraph: 'The heart is large.\n \n Lungs are clear.',
      conclusion: 'The heart is large.\n \n Lungs are clear.',
    });
    expect(readMimicReport(report('COMPARISON:  None. Clear lungs.')).conclusion).toBe('None. Clear lungs.');
    expect(readMimicReport('').conclusion).toBe('');
  });

  test('are those that the authors’ parser finds', () => {
    const cases = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/mimic-sections.json'), 'utf8')) as {
      text: string;
      names: string[];
      sections: string[];
    }[];
    expect(cases).toHaveLength(100);
    for (const { text, names: theirs, sections } of cases)
      expect(readMimicReport(text).sections, text).toEqual(theirs.map((name, i) => ({ name, text: sections[i] })));
  });

  test('a misspelt indication is not the impression; a line that is near to no name is no head', () => {
    const { findings, impression, conclusion } = readMimicReport(
      report('NDICATION:  Fever.', '', 'FINDINGS:  Clear.', 'ET Tube:  In place.', '', 'AP vIEW:  Fine.'),
    );
    expect([findings, impression, conclusion]).toEqual([
      'Clear.\n ET Tube:  In place.\n \n AP vIEW:  Fine.',
      undefined,
      'Clear.\n ET Tube:  In place.\n \n AP vIEW:  Fine.',
    ]);
  });

  test('a known head may end in a semicolon', () => {
    const { findings, impression, sections } = readMimicReport(report('INDICATON;  Fever.', '', 'FINDINGS: Clear.', '', 'IMPRESSION; None.', 'LINE; there'));
    expect([findings, impression, sections[1]?.name]).toEqual(['Clear.', 'None.\n LINE; there', 'indication']);
  });

  test('line endings do not matter', () => {
    const text = report('FINDINGS: ', '', 'The lungs are clear.', '', 'IMPRESSION:', '', 'No change.');
    expect(readMimicReport(text.replaceAll('\n', '\r\n'))).toEqual(readMimicReport(text));
  });

  test('single reports that the authors read themselves', () => {
    const inIndication = report('INDICATION:  Clear lungs, written in the wrong place.', '', 'COMPARISON:  None.');
    expect(readMimicReport(inIndication, 's57936451').conclusion).toBe('Clear lungs, written in the wrong place.');
    expect(readMimicReport(inIndication, 's1').conclusion).toBe('None.');
    expect(readMimicReport('x'.repeat(201) + 'y'.repeat(148) + 'z', 's50525523').conclusion).toBe('y'.repeat(148));
    expect(readMimicReport(report('FINDINGS:  Something.'), 's58235663').conclusion).toBe('');
  });
});
