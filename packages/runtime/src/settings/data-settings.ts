// The settings of a run's data: which studies, and how they are read.
import type { Augmentation, ColumnRole, SelectOptions } from '@hybridmed/data/browser';
import { augmentLimits, columnRoles } from '@hybridmed/data/browser';
import type { Value, Values } from '@hybridmed/training/options';
import { choice, integer, named, number, ofRun, option, perStage, string } from '@hybridmed/training/options';

const columnNames = named(Object.fromEntries(columnRoles.map((role) => [role, string()])) as Record<ColumnRole, Value<string>>, 'ROLE=NAME');

const augmentations = named(
  Object.fromEntries(Object.entries(augmentLimits).map(([name, max]) => [name, number({ min: 0, max })])) as Record<keyof Augmentation, Value<number>>,
  'NAME=NUMBER',
);

/** Rows that select studies of a data set and say how its files are read. */
const selectionSettings = {
  views: option({ value: choice(['frontal', 'all']), argument: 'views', help: 'frontal views only, or all', default: 'frontal' }),
  deidPlaceholders: option({
    value: choice(['keep', 'remove', 'mask']),
    argument: 'policy',
    help: 'what happens to the placeholders that de-identification left in texts (XXXX, ___)',
    default: 'keep',
  }),
  splitFile: option({
    value: string({ empty: true }),
    argument: 'file',
    help: "split ids to use in place of the set's own split (see data split)",
    default: '',
    onResume: 'may change',
  }),
  excludeIds: option({
    value: string({ empty: true }),
    argument: 'file',
    help: 'ids of patients, studies or images to leave out (a table as data split writes)',
    default: '',
    onResume: 'may change',
  }),
  columns: option({ value: columnNames, argument: 'role=name,...', help: 'csv: names of columns, such as image=file,findings=text', default: {} }),
  encoding: option({
    value: string({ empty: true }),
    argument: 'name',
    help: 'encoding of text files that are not UTF-8, such as windows-1252',
    default: '',
  }),
};

const defaultShuffleBuffer = 1000;

/** The table. Where the data lies may change when a run is resumed: what it holds is checked. */
export const dataSettings = ofRun({
  data: option({
    value: string(),
    argument: 'spec',
    help: 'data set as name:path: openi:DIR, phantom:DIR, csv:FILE, shards:DIR or shards:URL',
    required: true,
    onResume: 'may change',
  }),
  ...selectionSettings,
  limit: option({ value: integer(0), argument: 'n', help: 'maximum number of training (and of validation) studies; 0 for all', default: 0 }),
  retrieve: option({
    value: integer(0, 8),
    argument: 'k',
    help: 'findings are read with the impressions of the k training reports with the nearest findings, of other patients; the training texts then stand in every checkpoint. 0 for none',
    default: 0,
  }),
  sampling: perStage(
    option({
      value: choice(['shuffle', 'length', 'shard', 'labels']),
      argument: 'order',
      help: 'order of an epoch: shuffle, length (batches of texts of similar length), shard (packed sets, streamed) or labels (studies with rare sets of labels more often)',
      default: 'shuffle',
    }),
  ),
  shuffleBuffer: option({
    value: integer(1),
    argument: 'n',
    help: 'studies of the buffer from which --sampling shard draws, for each pass of a step: the larger, the better shuffled, and the more shards are read at once',
    default: defaultShuffleBuffer,
  }),
  augment: perStage(
    option({
      value: augmentations,
      argument: 'amounts',
      help: 'augmentations in addition to the random crop, in degrees and fractions, such as rotation=5,brightness=0.1,contrast=0.1 (also zoom, noise, cutout)',
      default: {},
    }),
  ),
  onBadData: option({
    value: choice(['skip', 'stop']),
    argument: 'policy',
    help: 'where the image of a training study cannot be read: skip (the next study of its batch takes its place, for up to 1 % of the studies) or stop',
    default: 'skip',
    onResume: 'may change',
  }),
});

/** The settings that select studies of a data set. */
export type DataSettings = Values<typeof selectionSettings>;

/** The selection of a run from its data set, as options of `openDataSet`. */
export const dataSelection = ({ views, deidPlaceholders, splitFile, excludeIds, columns, encoding }: DataSettings): SelectOptions => ({
  views,
  deidPlaceholders,
  columns,
  ...(splitFile === '' ? {} : { splitFile }),
  ...(excludeIds === '' ? {} : { excludeIds }),
  ...(encoding === '' ? {} : { encoding }),
});
