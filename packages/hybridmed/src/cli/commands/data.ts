// `hybridmed data`: checking data sets and making phantoms.
import type { Command } from 'commander';
import type { Output } from '../output.ts';
import { addDataCheck } from './data/check.ts';
import { addDataPhantom } from './data/phantom.ts';

/** Adds the commands. */
export function addData(program: Command, output: Output): void {
  const data = program.command('data').description('check data sets, make phantoms');
  for (const add of [addDataCheck, addDataPhantom]) add(data, output);
}
