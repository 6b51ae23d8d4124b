// `hybridmed data`: checking data sets, rendering images, making phantoms.
import type { Command } from 'commander';
import type { Output } from '../output.ts';
import { addDataCheck } from './data/check.ts';
import { addDataPhantom } from './data/phantom.ts';
import { addDataRender } from './data/render.ts';

/** Adds the commands. */
export function addData(program: Command, output: Output): void {
  const data = program.command('data').description('check data sets, render images, make phantoms');
  for (const add of [addDataCheck, addDataRender, addDataPhantom]) add(data, output);
}
