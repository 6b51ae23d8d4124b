// Options that select studies of a data set and say how its files are read, for all commands that open one.
import type { SelectOptions } from '@hybridmed/data';
import { dataSettings } from '@hybridmed/runtime/data-settings';
import type { Options, Values } from '@hybridmed/training/options';
import { choice, integer, option, string, toggleOr } from '@hybridmed/training/options';
import type { Output } from '../output.ts';
import { remoteOptions } from './shared.ts';

/** A data set as an argument. */
export const dataSetHelp = 'data set as name:path, such as openi:DIR';

/** What to read from a set, for commands that take any kind of set. */
export const needOption = {
  need: option({
    value: choice(['pairs', 'labels', 'images', 'questions']),
    argument: 'need',
    help: 'what to read from the set',
    defaultWords: 'what the set is for',
  }),
};

/** The options that select studies; what a command needs of a set is its own. */
export const selectionOptions = {
  views: dataSettings.views,
  minWords: option({ value: integer(1), argument: 'n', help: 'minimum number of words in each section of a report', default: 3 }),
  deidPlaceholders: dataSettings.deidPlaceholders,
  uncertain: option({
    value: choice(['ones', 'zeros', 'ignore']),
    argument: 'policy',
    help: 'treatment of uncertain labels',
    defaultWords: "the CheXpert protocol's choice by label",
  }),
  unmentioned: option({ value: choice(['ignore', 'zeros']), argument: 'policy', help: 'treatment of blank labels', default: 'ignore' }),
  labelTable: option({ value: choice(['chexpert', 'negbio']), argument: 'name', help: 'mimic: source of the labels', default: 'chexpert' }),
  splitFile: dataSettings.splitFile,
  excludeIds: dataSettings.excludeIds,
  columns: dataSettings.columns,
  encoding: dataSettings.encoding,
  index: option({
    value: toggleOr(string({ words: 'a folder' })),
    argument: 'folder',
    help: 'where indexes of large tables are kept',
    default: true,
    defaultWords: '$XDG_CACHE_HOME/hybridmed/index',
    off: { value: false, help: 'read large tables without an index' },
  }),
  ...remoteOptions,
} satisfies Options;

type Selection = Values<typeof selectionOptions> & Partial<Values<typeof needOption>>;

/** The values as options of `openDataSet`. */
export function selectOptions(values: Selection): SelectOptions {
  const { views, minWords, deidPlaceholders, unmentioned, labelTable, need, uncertain, splitFile, excludeIds, columns: columnNames, encoding, index } = values;
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
    ...(Object.keys(columnNames).length > 0 ? { columns: columnNames } : {}),
    ...(encoding ? { encoding } : {}),
    ...(index === true ? {} : { index }),
  };
}

/** The same for a command that opens a set once: what is to be known of the set is logged. */
export const loggedSelection = (values: Selection, output: Output): SelectOptions => ({
  ...selectOptions(values),
  onWarning: (line) => output.log(`warning: ${line}`),
});
