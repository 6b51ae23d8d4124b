// Text scores and an interval for 600 studies.
import { auc, bootstrap, nearestTexts, textScores } from '@hybridmed/eval';
import { bench } from 'vitest';

const texts = Array.from(
  { length: 600 },
  (_, i) => `${['No', 'Small', 'Large'][i % 3]} ${i % 2 ? 'left' : 'right'} effusion. Heart ${i % 5 ? 'normal' : 'enlarged'}.`,
);
const labels = texts.map((_, i) => (i % 3 === 0 ? 1 : 0));
const scores = texts.map((_, i) => Math.sin(i));

bench('BLEU, ROUGE-L and CIDEr of 600 texts', () => void textScores(texts, texts.toReversed()));
bench(
  'AUC with an interval from 1,000 resamples',
  () =>
    void bootstrap(600, (indices) =>
      auc(
        Array.from(indices, (i) => labels[i]!),
        Array.from(indices, (i) => scores[i]!),
      ),
    ),
  { iterations: 3, time: 0, warmupIterations: 1 },
);
bench('nearest of 600 findings', () => void nearestTexts(texts, texts));
