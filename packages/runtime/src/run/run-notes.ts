// What a reader of a run's log should know before its first step: texts that are cut, losses that have nothing to compare.
import type { Study } from '@hybridmed/data';
import type { InputConfig, LossWeights } from '@hybridmed/model';
import { lossesOfImages, lossTerms } from '@hybridmed/model/objective';
import type { Tokenizer } from '@hybridmed/text';
import type { RunConfig } from '../settings/run-settings.ts';

// Of more studies the first stand for all: a corpus of 200,000 takes most of a minute.
const mostCounted = 5000;

/** The notes, a line each. */
export function runNotes(
  { batch, accumulate, vision, ...weights }: Pick<RunConfig, 'batch' | 'accumulate'> & Partial<Pick<RunConfig, 'vision'>> & LossWeights,
  { findingsLength, impressionLength }: Pick<InputConfig, 'findingsLength' | 'impressionLength'>,
  tokenizer: Tokenizer,
  training: readonly Pick<Study, 'findings' | 'impression'>[],
): string[] {
  const counted = training.slice(0, mostCounted);
  const tooLong = (texts: readonly string[], most: number): number => texts.filter((text) => tokenizer.encode(text).length > most).length;
  const findings = tooLong(
    counted.map((study) => study.findings),
    findingsLength,
  );
  const impressions = tooLong(
    counted.map((study) => study.impression),
    impressionLength,
  );
  const comparing = lossTerms({ stage: 2, weights }).flatMap(({ row }) => (row.scope === 'batch' ? [row] : []));
  const of = counted.length < training.length ? `the first ${counted.length} training studies` : `${counted.length} training studies`;
  return [
    ...(vision === 'none'
      ? [`no images (vision "none"): the image branch reads nothing; weights of ${lossesOfImages.join(', ')}, which need images, are 0`]
      : []),
    ...(findings + impressions > 0
      ? [`texts cut to the token limit, of ${of}: ${findings} findings (limit ${findingsLength}), ${impressions} impressions (limit ${impressionLength})`]
      : []),
    ...(batch * accumulate === 1 && comparing.length > 0
      ? [
          `a step of one study leaves ${comparing.map(({ symbol }) => symbol).join(' and ')} nothing to compare; raise --batch or --accumulate, or set ${comparing.map(({ key }) => `--${key} 0`).join(' ')}`,
        ]
      : []),
  ];
}
