// The studies of an evaluation: those evaluated, those that the baselines know, and those that choose how to write.
import type { DataSet, SelectOptions, Study } from '@hybridmed/data';
import { openDataSet } from '@hybridmed/data';
import { readableStudies } from '@hybridmed/runtime';
import { HybridmedError } from '@hybridmed/tensor';

/** Which studies are evaluated. */
export interface StudyOptions {
  readonly data: string;
  readonly split?: Study['split'];
  /** Max number of studies; 0 for all. */
  readonly limit?: number;
  /** What is taken of the data set: frontal views by default. */
  readonly select?: SelectOptions;
  /** Also writes impressions from images by likelihood ratio, which validation studies choose. */
  readonly likelihoodRatio?: boolean | undefined;
  readonly onMessage?: (text: string) => void;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Studies to evaluate, those that the baselines know, and those that choose how to write. */
export interface EvaluatedStudies {
  readonly studies: readonly Study[];
  readonly train: readonly Study[];
  readonly validation: readonly Study[];
  /** Images of the evaluated and validation studies that are left out, since they cannot be read. */
  readonly leftOut: readonly string[];
}

/** Studies of a split whose images can be read, and the others' images. */
interface Readable {
  readonly studies: readonly Study[];
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
  const data: DataSet = await openDataSet(spec, { ...select, need: 'pairs' });
  const ofSplit = (name: Study['split']) => data.studies.filter((study) => study.split === name);
  const readable = async (of: readonly Study[]): Promise<Readable> => {
    if (leftOut) return { studies: of.filter(({ image }) => !leftOut.includes(image)), leftOut: [] };
    const { studies, unreadable } = await readableStudies(of);
    for (const line of unreadable) onMessage?.(`left out: ${line}`);
    const kept = new Set(studies.map(({ image }) => image));
    return { studies, leftOut: [...new Set(of.map(({ image }) => image).filter((image) => !kept.has(image)))] };
  };
  if (likelihoodRatio && split === 'validate')
    throw new HybridmedError(`${spec}: the likelihood ratio is chosen on the split "validate"; evaluate it on another, such as test`);
  const evaluated = await readable(limit > 0 ? ofSplit(split).slice(0, limit) : ofSplit(split));
  // Findings repeat word for word: which of equals is nearest must not depend on how a data set lists its studies.
  const train = ofSplit('train').toSorted((a, b) => compare(a.report, b.report) || compare(a.image, b.image));
  const validation = likelihoodRatio ? await readable(ofSplit('validate')) : { studies: [], leftOut: [] };
  if (evaluated.studies.length === 0) throw new HybridmedError(`${spec}: no readable studies in the split "${split}"; name another with --split`);
  if (train.length === 0) throw new HybridmedError(`${spec}: no training studies, which the baselines need; add some`);
  if (likelihoodRatio && validation.studies.length === 0)
    throw new HybridmedError(`${spec}: no validation studies, which choose the likelihood ratio; add some`);
  return { studies: evaluated.studies, train, validation: validation.studies, leftOut: [...evaluated.leftOut, ...validation.leftOut] };
}
