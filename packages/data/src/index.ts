// The public face of the data package.
export { checkDataSet, imagesToCheck } from './check/check.ts';
export type { CheckOptions } from './check/check.ts';
export { lookAtImages } from './check/images.ts';
export type { ImageFinding, ImagePlan } from './check/images.ts';
export type { LabelCounts, LabelPrevalence } from './check/labels.ts';
export type { DataReport, SharedCounts } from './check/report.ts';
export type { LengthSummary } from './check/texts.ts';
export { DataError } from '@hybridmed/images/errors';
export { UnreadableStudiesError } from './unreadable-studies.ts';
export { decodeGrey, decodeSquare, readGrey, readSquare } from '@hybridmed/images';
export type { GreyImage, HostArray } from '@hybridmed/inputs';
export { padRows, writeCrop } from '@hybridmed/inputs';
export type { Augmentation } from './loader/augment.ts';
export { chexpertFive, chexpertLabels } from './chexpert-labels.ts';
export type { ImageArrays, ImageBatch, KnownFeatures, StudyArrays, StudyBatch, TextArrays, TextBatch } from './loader/batch.ts';
export { copyName } from './loader/copies.ts';
export { createLoader } from './loader/loader.ts';
export type { BatchRange, Loader, LoaderOptions, LoaderTokenizer } from './loader/loader.ts';
export type { Sampling } from './loader/order.ts';
export { dataSetNames, indexDataSet, openDataSet } from './open.ts';
export type { IndexedSet } from './open.ts';
export { rangeOf } from '@hybridmed/images/bytes';
export { readMimicReport } from './sources/mimic-sections.ts';
export type { MimicReport, ReportSection } from './sources/mimic-sections.ts';
export { finishPacking, packDataSet, packShards } from './shards/pack.ts';
export type { PackedShards, PackFacts, PackOptions, PackResult } from './shards/pack.ts';
export { splitOf } from './split/draw.ts';
export type { SplitFractions } from './split/draw.ts';
export { readSplit, writeSplit } from './split/file.ts';
export type { SplitIds, SplitKey } from './split/file.ts';
export { makeSplit, verifySplit } from './split/make.ts';
export type { MakeSplitOptions, SplitVerification } from './split/make.ts';
export { columnRoles } from './study.ts';
export type {
  Box,
  ColumnRole,
  CountName,
  DataNeed,
  DataSet,
  DeidPlaceholderPolicy,
  Question,
  SelectOptions,
  Split,
  SplitOrigin,
  Study,
  UncertainPolicy,
} from './study.ts';
