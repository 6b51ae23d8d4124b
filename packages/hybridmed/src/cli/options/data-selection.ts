// Options that select studies of a data set and say how its files are read, for all commands that open one.
import type { SelectOptions } from '@hybridmed/data';
import { columnRoles } from '@hybridmed/data/browser';
import type { Options, Values } from '@hybridmed/training/settings';
import { choice, integer, named, option, string, toggleOr } from '@hybridmed/training/settings';

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

/** The columns of a table by role. */
const columns = named(
  Object.fromEntries(columnRoles.map((role) => [role, string()])) as Record<(typeof columnRoles)[number], ReturnType<typeof string>>,
  'ROLE=NAME',
);

/** The options that select studies; what a command needs of a set is its own. */
export const selectionOptions = {
  views: option({ value: choice(['frontal', 'all']), argument: 'views', help: 'frontal views only, or all', default: 'frontal' }),
  minWords: option({ value: integer(1), argument: 'n', help: 'minimum number of words in each section of a report', default: 3 }),
  deidPlaceholders: option({
    value: choice(['keep', 'remove', 'mask']),
    argument: 'policy',
    help: 'what happens to the placeholders that de-identification left in texts (XXXX, ___)',
    default: 'keep',
  }),
  uncertain: option({
    value: choice(['ones', 'zeros', 'ignore']),
    argument: 'policy',
    help: 'treatment of uncertain labels',
    defaultWords: "the CheXpert protocol's choice by label",
  }),
  unmentioned: option({ value: choice(['ignore', 'zeros']), argument: 'policy', help: 'treatment of blank labels', default: 'ignore' }),
  labelTable: option({ value: choice(['chexpert', 'negbio']), argument: 'name', help: 'mimic: source of the labels', default: 'chexpert' }),
  splitFile: option({ value: string(), argument: 'file', help: "split ids to use in place of the set's own split (see data split)" }),
  excludeIds: option({ value: string(), argument: 'file', help: 'ids of patients, studies or images to leave out (a table as data split writes)' }),
  columns: option({ value: columns, argument: 'role=name,...', help: 'csv: names of columns, such as image=file,findings=text' }),
  encoding: option({ value: string(), argument: 'name', help: 'encoding of text files that are not UTF-8, such as windows-1252' }),
  index: option({
    value: toggleOr(string({ words: 'folder' })),
    argument: 'folder',
    help: 'where indexes of large tables are kept',
    default: true,
    defaultWords: '$XDG_CACHE_HOME/hybridmed/index',
    off: { value: false, help: 'read large tables without an index' },
  }),
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
    ...(columnNames ? { columns: columnNames } : {}),
    ...(encoding ? { encoding } : {}),
    ...(index === true ? {} : { index }),
  };
}
