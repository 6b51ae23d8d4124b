// The studies of an evaluation: those evaluated, those that the baselines know, and those that choose how to write.
import type { SelectOptions, Study } from '@hybridmed/data';
import { openDataSet } from '@hybridmed/data';
import { readableStudies } from '@hybridmed/runtime';
import { HybridmedError } from '@hybridmed/tensor';
import type { RatioStudies } from '../ratio/fit-ratio.ts';
import { ratioStudies } from '../ratio/fit-ratio.ts';

/** Which studies are evaluated. */
export interface StudyOptions {
  readonly data: string;
  readonly split?: Study['split'];
  /** Max number of studies; 0 for all. */
  readonly limit?: number;
  /** What is taken of the data set: frontal views by default. */
  readonly select?: SelectOptions;
  /**
   * Impressions from images by likelihood ratio: by default by the model's own, where it has one and the split is not that which chose it;
   * true chooses one on the validation studies, which is not kept.
   */
  readonly likelihoodRatio?: boolean | undefined;
  readonly onMessage?: (text: string) => void;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Studies to evaluate, those that the baselines know, and those that choose how to write, where that is asked for. */
export interface EvaluatedStudies {
  readonly studies: readonly Study[];
  readonly train: readonly Study[];
  readonly choosing?: RatioStudies;
  /** Images of the split that are left out, since they cannot be read. */
  readonly leftOut: readonly string[];
}

/**
 * Opens them. `leftOut` are the images that cannot be read, where they are known; else every image is read once. Throws one line where there
 * are none that are needed.
 */
export async function openStudies(
  { data: spec, split = 'test', limit = 0, select = {}, likelihoodRatio, onMessage }: StudyOptions,
  leftOut?: readonly string[],
): Promise<EvaluatedStudies> {
  const data = await openDataSet(spec, { ...select, need: 'pairs' });
  const ofSplit = (name: Study['split']) => data.studies.filter((study) => study.split === name);
  if (likelihoodRatio && split === 'validate')
    throw new HybridmedError(`${spec}: the likelihood ratio is chosen on the split "validate"; evaluate it on another, such as test`);
  const wanted = limit > 0 ? ofSplit(split).slice(0, limit) : ofSplit(split);
  const { studies, unreadable } = leftOut ? { studies: wanted.filter(({ image }) => !leftOut.includes(image)), unreadable: [] } : await readableStudies(wanted);
  for (const line of unreadable) onMessage?.(`left out: ${line}`);
  // Findings repeat word for word: which of equals is nearest must not depend on how a data set lists its studies.
  const train = ofSplit('train').toSorted((a, b) => compare(a.report, b.report) || compare(a.image, b.image));
  if (studies.length === 0) throw new HybridmedError(`${spec}: no readable studies in the split "${split}"; name another with --split`);
  if (train.length === 0) throw new HybridmedError(`${spec}: no training studies, which the baselines need; add some`);
  const kept = new Set(studies.map(({ image }) => image));
  return {
    studies,
    train,
    ...(likelihoodRatio ? { choosing: { ...(await ratioStudies(data, { onMessage })), train } } : {}),
    leftOut: [...new Set(wanted.map(({ image }) => image).filter((image) => !kept.has(image)))],
  };
}
