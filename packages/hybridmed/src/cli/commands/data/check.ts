// `hybridmed data check`: what a data set contains, what is dropped, and what is in more than one part of its split.
import { createHash } from 'node:crypto';
import { option, toggle } from '@hybridmed/training/options';
import type { PrintCheckOptions } from '../../check-report.ts';
import { printCheck } from '../../check-report.ts';
import { defineCommand } from '../../define-command.ts';
import { dataSetHelp, needOption, selectionOptions, selectOptions } from '../../options/data-selection.ts';
import type { CommandPart } from '../../options/parts.ts';
import { commandPart, partOptions, printPart } from '../../options/parts.ts';
import { jsonOption } from '../../options/shared.ts';

/** The command's name in parts. */
export const checkCommand = 'data check';

/** What image files are known by: their names, in order. */
export const filesIdentity = (files: readonly string[]): string => createHash('sha256').update(JSON.stringify(files)).digest('hex');

/** Looks at a part's images, and gives the part's file. */
async function checkPart({ folder, part }: CommandPart, spec: string, options: PrintCheckOptions): Promise<string> {
  const [{ imagesToCheck, lookAtImages }, { shareOf, writePart }] = await Promise.all([import('@hybridmed/data'), import('@hybridmed/runtime/parts')]);
  const { files, plan } = await imagesToCheck(spec, options);
  const findings = await lookAtImages(files, plan, shareOf(part, files.length));
  return writePart(
    folder,
    part,
    { command: checkCommand, facts: { spec, options, files: filesIdentity(files) } },
    findings.map((value) => ({ list: 'images', value })),
  );
}

/** The command. */
export const dataCheck = defineCommand({
  name: 'check',
  description: 'print what a data set contains: studies kept and dropped by reason, labels, text lengths, duplicates, leaks; exit code 1 for a leak',
  examples: {
    'data check openi:DIR': 'studies kept and dropped by reason, duplicates, leaks',
    'data check openi:DIR --labels': 'also what the reports say, by label and split',
  },
  arguments: { spec: dataSetHelp },
  options: {
    ...needOption,
    ...selectionOptions,
    images: option({
      value: toggle(),
      help: 'read every image to find equal files, look-alikes and unreadable files',
      defaultWords: 'if the set is small enough',
      off: { value: false, help: 'do not read images' },
    }),
    labels: option({
      value: toggle(),
      help: 'also count by split what the rule labeller reads in the reports, and name labels that too few training studies have',
      default: false,
    }),
    ...partOptions,
    ...jsonOption,
  },
  async run({ values, arguments: { spec }, output, usage }) {
    const { images, labels } = values;
    const options = { ...selectOptions(values), ...(images === undefined ? {} : { images }), labels };
    const place = await commandPart(values, usage);
    if (place) printPart(output, values, place, await checkPart(place, spec, options));
    else await printCheck(output, values, spec, options);
  },
});
