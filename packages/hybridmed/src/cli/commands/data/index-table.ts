// `hybridmed data index`: builds the index of a large set's tables, or opens the existing one.
import type { Command } from 'commander';
import { jsonOption } from '../../options.ts';
import type { Output } from '../../output.ts';
import { printJson } from '../../output.ts';
import type { SelectFlags } from '../../select-options.ts';
import { addSelectOptions, needOption, selectOptions } from '../../select-options.ts';

/** Adds the command. */
export function addDataIndex(data: Command, output: Output): void {
  addSelectOptions(
    data
      .command('index')
      .description('build the on-disk index of a large set, or open the existing one; every command does so automatically, this one reports how long it takes')
      .argument('<spec>', 'data set as name:path, such as mimic:DIR')
      .addOption(needOption()),
  )
    .addOption(jsonOption())
    .action(async (spec: string, { json, ...flags }: SelectFlags & { json: boolean }) => {
      const { indexDataSet } = await import('@hybridmed/data');
      const index = await indexDataSet(spec, selectOptions(flags));
      const { rows, file, reused, seconds } = index;
      if (json) printJson(output, { ...index, residentMegabytes: Math.round(process.resourceUsage().maxRSS / 1024) });
      else if (file === undefined) output.result(`${spec}: ${rows} rows read in ${seconds.toFixed(2)} s; too few to need an index\n`);
      else output.result(`${file}: ${rows} rows ${reused ? 'opened' : 'indexed'} in ${seconds.toFixed(2)} s\n`);
    });
}
