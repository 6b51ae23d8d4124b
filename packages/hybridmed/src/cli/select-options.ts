// Flags that select studies of a data set and say how its files are read, for all commands that open one.
import type { ColumnRole, DataNeed, DeidPlaceholderPolicy, SelectOptions, UncertainPolicy } from '@hybridmed/data';
import type { Command } from 'commander';
import { Option } from 'commander';
import { columns, integer } from './options.ts';

/** Values of the flags. */
export interface SelectFlags {
  need?: DataNeed;
  views: 'frontal' | 'all';
  minWords: number;
  deidPlaceholders: DeidPlaceholderPolicy;
  uncertain?: UncertainPolicy;
  unmentioned: 'ignore' | 'zeros';
  labelTable: 'chexpert' | 'negbio';
  splitFile?: string;
  excludeIds?: string;
  columns?: Partial<Record<ColumnRole, string>>;
  encoding?: string;
  index: string | boolean;
}

/** `--need`, for commands that take any kind of set. */
export const needOption = () =>
  new Option('--need <need>', 'what to read from the set (default: what the set is for)').choices(['pairs', 'labels', 'images', 'questions']);

/** Adds the flags to a command; what it needs of a set is its own. */
export function addSelectOptions(command: Command): Command {
  return command
    .addOption(new Option('--views <views>', 'frontal views only, or all').choices(['frontal', 'all']).default('frontal'))
    .option('--min-words <n>', 'minimum number of words in each section of a report', integer(1), 3)
    .addOption(
      new Option('--deid-placeholders <policy>', 'what happens to the placeholders that de-identification left in texts (XXXX, ___)')
        .choices(['keep', 'remove', 'mask'])
        .default('keep'),
    )
    .addOption(
      new Option('--uncertain <policy>', "treatment of uncertain labels (default: the CheXpert protocol's choice by label)").choices([
        'ones',
        'zeros',
        'ignore',
      ]),
    )
    .addOption(new Option('--unmentioned <policy>', 'treatment of blank labels').choices(['ignore', 'zeros']).default('ignore'))
    .addOption(new Option('--label-table <name>', 'mimic: source of the labels').choices(['chexpert', 'negbio']).default('chexpert'))
    .option('--split-file <file>', "split ids to use in place of the set's own split (see data split)")
    .option('--exclude-ids <file>', 'ids of patients, studies or images to leave out (a table as data split writes)')
    .option('--columns <role=name,...>', 'csv: names of columns, such as image=file,findings=text', columns)
    .option('--encoding <name>', 'encoding of text files that are not UTF-8, such as windows-1252')
    .option('--index <folder>', 'where indexes of large tables are kept')
    .option('--no-index', 'read large tables without an index');
}

/** The flags as options of `openDataSet`. */
export function selectOptions({
  need,
  views,
  minWords,
  deidPlaceholders,
  uncertain,
  unmentioned,
  labelTable,
  splitFile,
  excludeIds,
  columns: columnNames,
  encoding,
  index,
}: SelectFlags): SelectOptions {
  return {
    views,
    minWords,
    deidPlaceholders,
    unmentioned,
    labelTable,
    ...(need ? { need } : {}),
    ...(uncertain ? { uncertain } : {}),
    ...(splitFile ? { splitFile } : {}),
    ...(excludeIds ? { excludeIds } : {}),
    ...(columnNames ? { columns: columnNames } : {}),
    ...(encoding ? { encoding } : {}),
    ...(index === true ? {} : { index }),
  };
}
