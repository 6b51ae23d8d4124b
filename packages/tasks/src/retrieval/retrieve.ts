// Retrieval over a split: image to report, report to image, image to image; recall, and precision by class where there are labels.
import type { SelectOptions, Split, Study } from '@hybridmed/data';
import { chexpertFive } from '@hybridmed/data';
import type { PrecisionReport, RecallReport } from '@hybridmed/eval/protocols';
import { exclusiveSets, precisionReport, recallReport } from '@hybridmed/eval/protocols';
import { takeRows } from '@hybridmed/model/host-arrays';
import type { OpenedModel } from '@hybridmed/runtime';
import { HybridmedError } from '@hybridmed/tensor';
import type { FeatureOptions } from '../features/study-features.ts';
import { buildIndex, openForRetrieval, studiesOf } from './build-index.ts';
import type { RetrievalIndex } from './index-file.ts';
import { saveIndex } from './index-file.ts';

/** What to measure, on what. */
export interface RetrieveOptions extends FeatureOptions {
  readonly model: OpenedModel;
  readonly data: string;
  readonly split?: Split | 'all';
  readonly select?: SelectOptions;
  /** Max number of studies of each class in the protocols by class: 200 as published. */
  readonly perClass?: number;
  /** File to save the index to. */
  readonly index?: string | undefined;
}

/** Precision by class, over studies positive for one class alone. */
export interface ByClass {
  readonly classes: readonly string[];
  readonly perClass: number;
  readonly imageToImage: PrecisionReport;
  readonly imageToReport?: PrecisionReport;
  readonly reportToImage?: PrecisionReport;
}

/** Retrieval over a split. */
export interface RetrieveReport {
  readonly checkpoint: string;
  readonly checkpointHash: string;
  readonly data: string;
  readonly split: Split | 'all';
  readonly device: string;
  readonly studies: number;
  /** Each image among the distinct impressions. */
  readonly imageToReport?: RecallReport;
  /** Each distinct impression among the images. */
  readonly reportToImage?: RecallReport;
  readonly byClass?: ByClass;
  readonly index?: string;
}

const recallPlaces = [1, 5, 10, 50];
const precisionPlaces = [1, 5, 10];

/** Precision by class of any vectors; without two classes that some study has alone there is none. */
function byClassOf({ images, texts, entries }: RetrievalIndex, studies: readonly Study[], perClass: number): ByClass | undefined {
  const labels = studies.map((study) => study.labels ?? {});
  const names = [...new Set(labels.flatMap((own) => Object.keys(own)))];
  // CheXpert's five are the protocol's; "No Finding" is no finding to be found.
  const classes: readonly string[] = chexpertFive.every((name) => names.includes(name)) ? chexpertFive : names.filter((name) => name !== 'No Finding');
  const sets = classes.length > 1 ? exclusiveSets(labels, classes, perClass) : [];
  if (new Set(sets.map((entry) => entry.class)).size < 2) return undefined;
  const own = sets.map((entry) => entry.class);
  const classImages = takeRows(
    images,
    sets.map(({ index }) => index),
  );
  const common = {
    classes,
    perClass,
    imageToImage: precisionReport(classImages, classImages, { queryClasses: own, galleryClasses: own, same: true }, precisionPlaces),
  };
  if (sets.some(({ index }) => entries[index]!.report < 0)) return common;
  const reports = takeRows(
    texts,
    sets.map(({ index }) => entries[index]!.report),
  );
  return {
    ...common,
    imageToReport: precisionReport(classImages, reports, { queryClasses: own, galleryClasses: own }, precisionPlaces),
    reportToImage: precisionReport(reports, classImages, { queryClasses: own, galleryClasses: own }, precisionPlaces),
  };
}

/** The tables of an index. Throws one line where it has neither reports nor labels. */
export function retrievalTables(
  index: RetrievalIndex,
  studies: readonly Study[],
  perClass = 200,
): Pick<RetrieveReport, 'imageToReport' | 'reportToImage' | 'byClass'> {
  const { images, texts, entries, reports } = index;
  const reported = entries.flatMap((entry, row) => (entry.report >= 0 ? [row] : []));
  const byClass = byClassOf(index, studies, perClass);
  if (reports.length < 2 && !byClass)
    throw new HybridmedError('retrieval needs two different reports, or two classes with a study of each alone; name another data set or split');
  const reportedImages = takeRows(images, reported);
  return {
    ...(reports.length > 1
      ? {
          imageToReport: recallReport(reportedImages, texts, (query, entry) => entries[reported[query]!]!.report === entry, recallPlaces),
          reportToImage: recallReport(texts, reportedImages, (query, entry) => entries[reported[entry]!]!.report === query, recallPlaces),
        }
      : {}),
    ...(byClass ? { byClass } : {}),
  };
}

/** Measures retrieval over a split, and saves the index where asked. Throws one line for a model without a common space or an empty split. */
export async function retrieve({
  model,
  data: spec,
  split = 'test',
  select = {},
  perClass = 200,
  index: file,
  ...options
}: RetrieveOptions): Promise<RetrieveReport> {
  const set = await openForRetrieval(spec, select);
  const wanted = studiesOf(set, split);
  for (const warning of set.warnings) options.onMessage?.(`warning: ${warning}`);
  model.require('align');
  const { index, studies } = await buildIndex(model, wanted, options);
  const tables = retrievalTables(index, studies, perClass);
  if (file !== undefined) await saveIndex(file, index);
  return {
    checkpoint: model.info.source,
    checkpointHash: await model.contentHash(),
    data: spec,
    split,
    device: model.info.device,
    studies: studies.length,
    ...tables,
    ...(file === undefined ? {} : { index: file }),
  };
}
