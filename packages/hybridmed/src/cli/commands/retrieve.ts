// `hybridmed retrieve`: retrieval of radiographs and reports by each other, over a split or for one query.
import type { PrecisionReport, RecallReport } from '@hybridmed/eval/protocols';
import type { QueryResult, RetrieveReport } from '@hybridmed/tasks/node';
import { choice, integer, option, string } from '@hybridmed/training/options';
import { defineCommand } from '../define-command.ts';
import { formatInterval } from '../metric-tables.ts';
import { selectionOptions, selectOptions } from '../options/data-selection.ts';
import { featureOptions, withFeatures } from '../options/model.ts';
import { printResult, table } from '../output.ts';

function recallRows(name: string, report: RecallReport | undefined): string {
  if (!report) return '';
  const rows = Object.entries(report.recall).map(([k, row]) => [k, formatInterval(row), row.chance.toFixed(3)]);
  return `${name}: ${report.queries} queries, ${report.gallery} entries, median rank ${report.medianRank}\n${table([['', 'recall (95 %)', 'chance'], ...rows])}`;
}

function precisionRows(name: string, report: PrecisionReport | undefined): string {
  if (!report) return '';
  const entries = Object.entries(report.precision);
  const classes = Object.keys(entries[0]?.[1].byClass ?? {});
  const rows = entries.map(([k, row]) => [k, formatInterval(row), row.chance.toFixed(3), ...classes.map((className) => row.byClass[className]!.toFixed(3))]);
  return `${name} of the same class: ${report.queries} queries\n${table([['', 'precision (95 %)', 'chance', ...classes], ...rows])}`;
}

function formatReport({ checkpoint, studies, split, data, imageToReport, reportToImage, byClass, index }: RetrieveReport): string {
  const parts = [
    `${checkpoint} on ${studies} ${split === 'all' ? '' : `${split} `}studies of ${data}\n`,
    recallRows('image to report', imageToReport),
    recallRows('report to image', reportToImage),
    precisionRows('image to report', byClass?.imageToReport),
    precisionRows('report to image', byClass?.reportToImage),
    precisionRows('image to image', byClass?.imageToImage),
    ...(index === undefined ? [] : [`index: ${index}\n`]),
  ];
  return parts.filter(Boolean).join('\n');
}

const formatNearest = ({ nearest }: QueryResult): string =>
  table([
    ['cosine', 'study', 'impression', 'image'],
    ...nearest.map(({ id, similarity, impression, image }) => [similarity.toFixed(3), id, impression, image]),
  ]);

/** The command. */
export const retrieve = defineCommand({
  name: 'retrieve',
  description: 'find reports by image, images by report, images by image; or the studies nearest to one query',
  examples: {
    'retrieve --checkpoint runs/openi --data openi:DIR --saved openi.index': '',
    'retrieve --checkpoint runs/openi --saved openi.index --query "left pleural effusion"': '',
  },
  options: {
    ...featureOptions,
    data: option({ value: string(), argument: 'spec', help: 'data set as name:path' }),
    split: option({
      value: choice(['train', 'validate', 'test', 'all']),
      argument: 'name',
      help: 'which split',
      defaultWords: 'test; all for a query',
    }),
    perClass: option({ value: integer(1), argument: 'n', help: 'maximum number of studies per class, of those with one class alone', default: 200 }),
    saved: option({ value: string(), argument: 'file', help: 'index file: written when retrieval is measured, searched by --query' }),
    query: option({ value: string(), argument: 'file|text', help: 'print the studies nearest to an image file or to words' }),
    gallery: option({ value: choice(['images', 'reports']), argument: 'what', help: 'what a query is compared with', default: 'images' }),
    count: option({ value: integer(1), argument: 'n', help: 'how many studies a query prints', default: 5 }),
    ...selectionOptions,
  },
  async run(context) {
    const { values, output, usage } = context;
    const { data, split, saved: index, query: queryText, gallery, count, perClass } = values;
    if (queryText === undefined && data === undefined) usage('give --data SPEC to measure retrieval, or --query FILE|TEXT with --data or --saved');
    const select = selectOptions(values);
    const tasks = await import('@hybridmed/tasks/node');
    if (queryText !== undefined) {
      const result = await withFeatures(context, (options) =>
        tasks.query({ ...options, query: queryText, data, index, ...(split ? { split } : {}), select, gallery, count }),
      );
      return printResult(output, values, result, formatNearest);
    }
    const report = await withFeatures(context, (options) => tasks.retrieve({ ...options, data: data!, ...(split ? { split } : {}), select, perClass, index }));
    printResult(output, values, report, formatReport);
  },
});
