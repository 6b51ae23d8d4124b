// The public face of the data package.
export { checkDataSet } from './check.ts';
export type { DataReport } from './check.ts';
export { DataError } from './errors.ts';
export { readGrey } from './image/grey.ts';
export type { GreyImage } from './image/grey.ts';
export { readSquare, writeCrop } from './image/prepare.ts';
export type { BatchArray } from './loader/collate.ts';
export { padRows } from './loader/collate.ts';
export { createLoader } from './loader/loader.ts';
export type { LoadedBatch, Loader, LoaderOptions, LoaderTokenizer } from './loader/loader.ts';
export { dataSetNames, openDataSet } from './open.ts';
export { splitOf } from './split.ts';
export type { DataSet, SelectOptions, Split, Study } from './study.ts';
