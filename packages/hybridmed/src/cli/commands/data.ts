// `hybridmed data`: checking, splitting, indexing and packing data sets, rendering images, making phantoms.
import type { CommandGroup } from '../define-command.ts';
import { dataCheck } from './data/check.ts';
import { dataIndex } from './data/index-table.ts';
import { dataPack } from './data/pack.ts';
import { dataPhantom } from './data/phantom.ts';
import { dataRender } from './data/render.ts';
import { dataSplit } from './data/split.ts';

/** The commands. */
export const data: CommandGroup = {
  name: 'data',
  description: 'check, split, index and pack data sets, render images, make phantoms',
  commands: [dataCheck, dataSplit, dataIndex, dataRender, dataPack, dataPhantom],
};
