import { bleu, cider, ciderEach, normalizeForComparison, rougeL, rougeLEach, textIntervals, textScores } from '@hybridmed/eval';
import { trainWordPiece } from '@hybridmed/text';
import { expect, test } from 'vitest';

const truth = ['No acute disease .', 'small left effusion .', 'the heart is large .', 'no acute disease .'];
const good = ['no acute disease .', 'left effusion .', 'the heart is large .', 'no acute disease .'];
const poor = truth.map(() => 'no acute disease .');

test('texts are compared in lower case, punctuation apart', () => {
  expect(normalizeForComparison('No  focal\nopacity. XXXX-ray, 2.5cm')).toBe('no focal opacity . xxxx - ray , 2 . 5cm');
  expect(normalizeForComparison(' \n')).toBe('');
  expect(textScores(['No effusion.', 'no effusion .'], ['no effusion.', 'No effusion .'])).toMatchObject({
    distinct: 1,
    rougeL: 1,
    bleu2: expect.closeTo(1, 6),
  });
});

test('words of any script are words, and accents count on neither side', () => {
  expect(normalizeForComparison('Opacificación, neumonía.')).toBe('opacificacion , neumonia .');
  expect(normalizeForComparison('GRÖSSE größe 38°')).toBe('grosse große 38 °');
  // Composed or not, in capitals or not; what is not seen is not there.
  expect(normalizeForComparison('Cora\u00adzo\u0301n\ufeff')).toBe(normalizeForComparison('CORAZ\u00d3N'));
  expect(normalizeForComparison('ΠΝΕΥΜΟΝΙΑΣ')).toBe(normalizeForComparison('πνευμονίας'));
  expect(normalizeForComparison('İnfiltrasyon')).toBe('infiltrasyon');
  // Between Han characters stand no spaces: each is a word; Hangul and Cyrillic words stay whole.
  expect(normalizeForComparison('心脏大小，正常𠮷')).toBe('心 脏 大 小 ， 正 常 𠮷');
  expect(normalizeForComparison('폐렴 없음; Лёгкие чистые')).toBe('폐렴 없음 ; легкие чистые');
});

const foreign: Readonly<Record<string, readonly string[]>> = {
  French: ['Épanchement pleural gauche à la base.', "Pas d'anomalie aiguë du cœur.", 'Pneumothorax droit opéré, drainé.'],
  German: ['Größe des Herzens grenzwertig, Erguß links.', 'Keine Stauung; Zwerchfelle glatt begrenzt.', 'Verschattung im rechten Mittelfeld, V. a. Pneumonie.'],
  Polish: ['Płuca bez zagęszczeń ogniskowych.', 'Serce nieposzerzone, wnęki niezmienione.', 'Płyn w lewej jamie opłucnej do wysokości żebra VI.'],
  Turkish: ['Kalp gölgesi İLERİ derecede büyük.', 'Sağ akciğerde infiltrasyon izlendi.', 'Plevral sıvı yok, sinüsler açık.'],
  Greek: ['Καρδιακή σκιά εντός φυσιολογικών ορίων.', 'ΠΝΕΥΜΟΝΙΑΣ αριστερά, χωρίς υγρό.', 'Μικρή πλευριτική συλλογή δεξιά.'],
  Russian: ['Лёгкие чистые, корни структурны.', 'Сердце не расширено; синусы свободны.', 'Небольшой выпот слева, без пневмоторакса.'],
  Chinese: ['心脏大小正常，双肺清晰。', '左侧少量胸腔积液。', '右下肺见斑片状阴影𠮷。'],
  Hindi: ['हृदय का आकार सामान्य है।', 'दाहिने फेफड़े में निमोनिया है।', 'कोई फुफ्फुस बहाव नहीं दिखता।'],
  Arabic: ['حجم القلب طبيعي، والرئتان صافيتان.', 'انصبابٌ جنبي صغير في الجهة اليسرى.', 'لا يوجد استرواح صدري واضح هنا.'],
};

test.each(Object.entries(foreign))(
  'a system without a fault scores 1, 1 and 10 in %s, through a tokenizer for lower case and one for texts as they are',
  (_, texts) => {
    for (const lowercase of [true, false]) {
      const tokenizer = trainWordPiece(texts, { size: 2000, minFrequency: 1, lowercase });
      const scores = textScores(
        texts.map((text) => tokenizer.decode(tokenizer.encode(text))),
        texts,
      );
      expect(scores.bleu1).toBeCloseTo(1, 6);
      expect(scores.rougeL).toBe(1);
      expect(scores.cider).toBeCloseTo(10, 8);
    }
    expect(textScores([texts[0]!.split(/[ ，]/)[0]!], [texts[1]!.split(/[ 。]/)[0]!]).bleu1).toBeLessThan(1e-3);
  },
);

test('BLEU clips counts, pays for brevity, and takes lengths from the corpus', () => {
  // "the" occurs twice in the reference: 2 of 7 count.
  expect(bleu(['the the the the the the the'], ['the cat is on the mat'])[0]).toBeCloseTo(2 / 7, 8);
  expect(bleu(['a b c d'], ['a b c d e f g h'])[0]).toBeCloseTo(Math.exp(1 - 8 / 4), 8);
  // One long and one short text: together they have the right length, so that nothing is paid.
  expect(bleu(['a b c d', 'e f'], ['a b c', 'e f g'])[0]).toBeCloseTo(5 / 6, 8);
  expect(bleu(['a b c d'], ['a b x c d'])[1]).toBeCloseTo(Math.exp(1 - 5 / 4) * Math.sqrt(2 / 3), 8);
});

test('ROUGE-L is the F of the longest common subsequence, recall weighing more', () => {
  const [precision, recall, weight] = [3 / 4, 3 / 6, 1.2 ** 2];
  expect(rougeLEach(['a x c e'], ['a b c d e f'])[0]).toBeCloseTo(((1 + weight) * precision * recall) / (recall + weight * precision), 12);
  expect(rougeL(['a b', 'c'], ['a b', 'd'])).toBe(0.5);
});

test('CIDEr gives nothing for n-grams that every reference has, most for rare ones', () => {
  expect(ciderEach(['no change', 'no change'], ['no change', 'no change'])).toEqual([0, 0]);
  const references = ['heart . a', 'heart . b', 'effusion . c'];
  const ofFirst = (text: string) => ciderEach([text, '', ''], references)[0]!;
  expect(ofFirst('.')).toBe(0);
  expect(ofFirst('heart')).toBeGreaterThan(0);
  expect(ofFirst('a')).toBeGreaterThan(ofFirst('heart'));
  expect(ciderEach(good, truth.map(normalizeForComparison))[2]).toBeCloseTo(10, 10);
  expect(cider(['a b c d e', 'f g h i j'], ['a b c d e', 'f g h i j'])).toBeCloseTo(10, 10);
});

test('CIDEr pays for another length, and for repeating a reference', () => {
  const references = ['a b c d e f', 'g h i j k l'];
  const [own] = ciderEach(['a b c d e f', 'x'], references);
  const [twice] = ciderEach(['a b c d e f a b c d e f', 'x'], references);
  expect(own).toBeCloseTo(10, 10);
  expect(twice).toBeLessThan(own! * Math.exp(-(6 ** 2) / (2 * 6 ** 2)) + 1e-9);
});

test('empty texts score nothing and break nothing', () => {
  expect(bleu([''], ['a b']).every((value) => value >= 0 && value < 1e-6)).toBe(true);
  expect(bleu([''], ['']).every((value) => Number.isFinite(value) && value < 1e-6)).toBe(true);
  expect(rougeLEach(['', 'a', ''], ['a', '', ''])).toEqual([0, 0, 0]);
  expect(ciderEach(['', 'a b c d', ''], ['a b c d', '', ''])).toEqual([0, 0, 0]);
  expect(ciderEach(['x y z', 'a b c d'], ['a b c d', 'e f g h'])[0]).toBe(0);
});

test('lists that do not pair are refused in one line', () => {
  expect(() => bleu(['a'], [])).toThrow('bleu: 1 hypotheses but 0 references; give one for each');
  expect(() => rougeL([], [])).toThrow('rougeL: no hypotheses; give at least one');
  expect(() => cider(['a'], ['a', 'b'])).toThrow('cider: 1 hypotheses but 2 references');
  expect(() => textIntervals(['a'], ['a'], { than: [] })).toThrow('textIntervals: 0 texts to compare with but 1 references');
});

test('intervals hold the scores of the table', () => {
  const { distinct, ...scores } = textScores(good, truth);
  const intervals = textIntervals(good, truth, { samples: 200 });
  expect(distinct).toBe(3);
  for (const [name, value] of Object.entries(scores)) {
    const interval = intervals[name as keyof typeof intervals];
    expect(interval.value).toBeCloseTo(value, 12);
    expect(interval.low).toBeLessThanOrEqual(value);
    expect(interval.high).toBeGreaterThanOrEqual(value);
  }
});

test('differences are paired: none to itself, and those of the scores to another', () => {
  for (const { value, low, high } of Object.values(textIntervals(good, truth, { than: good, samples: 50 }))) expect([value, low, high]).toEqual([0, 0, 0]);
  const difference = textIntervals(good, truth, { than: poor, samples: 50 });
  expect(difference.bleu1.value).toBeCloseTo(textScores(good, truth).bleu1 - textScores(poor, truth).bleu1, 12);
  expect(difference.rougeL.low).toBeGreaterThanOrEqual(0);
});
