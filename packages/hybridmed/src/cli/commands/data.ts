// `hybridmed data`: checking, splitting, indexing and packing data sets, rendering images, making phantoms.
import type { Command } from 'commander';
import type { Output } from '../output.ts';
import { addDataCheck } from './data/check.ts';
import { addDataIndex } from './data/index-table.ts';
import { addDataPack } from './data/pack.ts';
import { addDataPhantom } from './data/phantom.ts';
import { addDataRender } from './data/render.ts';
import { addDataSplit } from './data/split.ts';

/** Adds the commands. */
export function addData(program: Command, output: Output): void {
  const data = program.command('data').description('check, split, index and pack data sets, render images, make phantoms');
  for (const add of [addDataCheck, addDataSplit, addDataIndex, addDataRender, addDataPack, addDataPhantom]) add(data, output);
}
