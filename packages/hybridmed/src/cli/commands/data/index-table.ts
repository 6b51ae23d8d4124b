// `hybridmed data index`: builds the index of a large set's tables, or opens the existing one.
import { defineCommand } from '../../define-command.ts';
import { dataSetHelp, needOption, selectionOptions, selectOptions } from '../../options/data-selection.ts';
import { jsonOption } from '../../options/shared.ts';
import { printJson } from '../../output.ts';

/** The command. */
export const dataIndex = defineCommand({
  name: 'index',
  description: 'build the on-disk index of a large set, or open the existing one; every command does so automatically, this one reports how long it takes',
  arguments: { spec: dataSetHelp },
  options: { ...needOption, ...selectionOptions, ...jsonOption },
  async run({ values, arguments: { spec }, output }) {
    const { indexDataSet } = await import('@hybridmed/data');
    const index = await indexDataSet(spec, selectOptions(values));
    const { rows, file, reused, seconds } = index;
    if (values.json) printJson(output, { ...index, residentMegabytes: Math.round(process.resourceUsage().maxRSS / 1024) });
    else if (file === undefined) output.result(`${spec}: ${rows} rows read in ${seconds.toFixed(2)} s; too few to need an index\n`);
    else output.result(`${file}: ${rows} rows ${reused ? 'opened' : 'indexed'} in ${seconds.toFixed(2)} s\n`);
  },
});
