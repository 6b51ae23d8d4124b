// Parts of vocabularies that models meet, and awkward ones: targets inside the part, outside it, and outside the vocabulary.
import type { ArraySpec, KernelCase, Numbers } from '../kernel.ts';
import type { VocabularyLossProblem } from './problem.ts';

/** Which input holds targets, and which hold sums, that are positive. */
function inputs({ of, vocabulary }: VocabularyLossProblem) {
  return ({ name, type, length }: ArraySpec): Numbers | undefined => {
    if (type === 'i32') return Int32Array.from({ length }, (_, i) => (i % 5 === 4 ? -100 : i % 7 === 6 ? vocabulary : (i * 31) % vocabulary));
    if (of === 'finish' && name === 'running') return Float32Array.from({ length }, (_, i) => 0.5 + ((i * 13) % 11) / 4);
    return of === 'gradient' && /logSumExp/i.test(name) ? new Float32Array(length).fill(Math.log(vocabulary) + 0.5) : undefined;
  };
}

function one(name: string, problem: Omit<VocabularyLossProblem, 'teacher' | 'temperature'>, tolerance: number, large = false) {
  return [false, true].map((teacher): KernelCase<VocabularyLossProblem> => {
    const whole = { ...problem, teacher, temperature: teacher && !large ? 2 : 1 };
    return { name: `${name}, ${problem.of}${teacher ? ' with a teacher' : ''}`, problem: whole, tolerance, input: inputs(whole), ...(large ? { large } : {}) };
  });
}

/** Cases. */
export const cases: readonly KernelCase<VocabularyLossProblem>[] = (['part', 'gradient'] as const)
  .flatMap((of) => [
    ...one('the first 65 of 197 words, 9 rows', { of, rows: 9, width: 65, start: 0, vocabulary: 197 }, 1e-5),
    ...one('words 64 to 101 of 102, 9 rows', { of, rows: 9, width: 38, start: 64, vocabulary: 102 }, 1e-5),
    ...one('words 128 to 191 of 400, 63 rows', { of, rows: 63, width: 64, start: 128, vocabulary: 400 }, 1e-5),
    ...one('no rows', { of, rows: 0, width: 64, start: 0, vocabulary: 64 }, 0),
    ...one('decoder, 4096 of 30522 words, 384 rows', { of, rows: 384, width: 4096, start: 0, vocabulary: 30_522 }, 1e-5, true),
  ])
  .concat(one('197 words, 65 rows', { of: 'finish', rows: 65, width: 0, start: 0, vocabulary: 197 }, 1e-5));
