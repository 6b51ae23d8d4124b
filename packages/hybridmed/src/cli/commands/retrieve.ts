// `hybridmed retrieve`: retrieval of radiographs and reports by each other, over a split or for one query.
import type { PrecisionReport, RecallReport } from '@hybridmed/eval/protocols';
import type { QueryResult, RetrieveReport } from '@hybridmed/tasks/node';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { EncoderFlags } from '../encoder-options.ts';
import { addEncoderOptions, withEncoder } from '../encoder-options.ts';
import { formatInterval } from '../metric-tables.ts';
import { integer } from '../options.ts';
import type { Output } from '../output.ts';
import { printResult, table } from '../output.ts';
import type { SelectFlags } from '../select-options.ts';
import { addSelectOptions, selectOptions } from '../select-options.ts';

interface Flags extends EncoderFlags, SelectFlags {
  data?: string;
  split?: 'train' | 'validate' | 'test' | 'all';
  perClass: number;
  saved?: string;
  query?: string;
  gallery: 'images' | 'reports';
  count: number;
}

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

/** Adds the command. */
export function addRetrieve(program: Command, output: Output): void {
  const command = addEncoderOptions(
    program.command('retrieve').description('find reports by image, images by report, images by image; or the studies nearest to one query'),
  )
    .option('--data <spec>', 'data set as name:path')
    .addOption(new Option('--split <name>', 'which split (default: test; all for a query)').choices(['train', 'validate', 'test', 'all']))
    .option('--per-class <n>', 'maximum number of studies per class, of those with one class alone', integer(1), 200)
    .option('--saved <file>', 'index file: written when retrieval is measured, searched by --query')
    .option('--query <file|text>', 'print the studies nearest to an image file or to words')
    .addOption(new Option('--gallery <what>', 'what a query is compared with').choices(['images', 'reports']).default('images'))
    .option('--count <n>', 'how many studies a query prints', integer(1), 5);
  addSelectOptions(command).action(async (flags: Flags) => {
    const { data, split, saved, query: queryText } = flags;
    if (queryText === undefined && data === undefined)
      return command.error('error: give --data SPEC to measure retrieval, or --query FILE|TEXT with --data or --saved');
    const select = selectOptions(flags);
    if (queryText !== undefined) {
      const { query } = await import('@hybridmed/tasks/node');
      const { gallery, count } = flags;
      const result = await withEncoder(flags, output, (options) =>
        query({ ...options, query: queryText, data, index: saved, ...(split ? { split } : {}), select, gallery, count }),
      );
      return printResult(output, flags, result, formatNearest);
    }
    const { retrieve } = await import('@hybridmed/tasks/node');
    const report = await withEncoder(flags, output, (options) =>
      retrieve({ ...options, data: data!, ...(split ? { split } : {}), select, perClass: flags.perClass, index: saved }),
    );
    printResult(output, flags, report, formatReport);
  });
}
