// `hybridmed data split`: a set's split as a file of ids, and whether such a file fits a set.
import type { SplitKey, SplitFractions, SplitVerification } from '@hybridmed/data';
import type { Values } from '@hybridmed/training/options';
import { choice, number, option, string } from '@hybridmed/training/options';
import { defineCommand } from '../../define-command.ts';
import { dataSetHelp, needOption, selectionOptions, selectOptions } from '../../options/data-selection.ts';
import { jsonOption } from '../../options/shared.ts';
import type { Output } from '../../output.ts';
import { printResult, table } from '../../output.ts';

const options = {
  ...needOption,
  ...selectionOptions,
  out: option({ value: string(), argument: 'file', help: 'file to write' }),
  verify: option({ value: string(), argument: 'file', help: 'file to verify against the set' }),
  by: option({
    value: choice<SplitKey>(['patient', 'study', 'image']),
    argument: 'key',
    help: 'unit that is never divided',
    defaultWords: 'patient if the set names patients, else study',
  }),
  validate: option({ value: number({ min: 0 }), argument: 'fraction', help: 'draw a new split: fraction for validation' }),
  test: option({ value: number({ min: 0 }), argument: 'fraction', help: 'draw a new split: fraction for testing' }),
  ...jsonOption,
};

type SplitValues = Values<typeof options>;

async function make(spec: string, out: string, values: SplitValues, output: Output): Promise<void> {
  const { makeSplit, writeSplit } = await import('@hybridmed/data');
  const { by, validate, test } = values;
  const fractions: SplitFractions | undefined = validate === undefined && test === undefined ? undefined : { validate: validate ?? 0, test: test ?? 0 };
  const ids = await makeSplit(spec, { ...selectOptions(values), ...(by ? { by } : {}), ...(fractions ? { fractions } : {}) });
  const sha256 = await writeSplit(out, ids);
  const counts = { train: 0, validate: 0, test: 0 };
  for (const split of ids.splits.values()) counts[split]++;
  const result = { file: out, key: ids.key, ids: counts, sha256 };
  printResult(output, values, result, () => `${out}: ${counts.train}/${counts.validate}/${counts.test} ids (${ids.key}), sha256 ${sha256}\n`);
}

function formatVerification({ key, ids, members, unlisted, unknown, leaks, moved, sha256 }: SplitVerification, fits: boolean): string {
  const rows = [
    [`ids (${key})`, `${ids.train}/${ids.validate}/${ids.test}`],
    ['images or questions', `${members.train}/${members.validate}/${members.test}`],
    ['not listed', String(unlisted)],
    ['ids not in the set', String(unknown)],
    ['patients in more than one part', String(leaks)],
    ["different from the set's own split", String(moved)],
    ['fits', fits ? 'yes' : 'no'],
  ];
  return `${table(rows)}sha256 ${sha256}\n`;
}

async function verify(spec: string, file: string, values: SplitValues, output: Output): Promise<void> {
  const { verifySplit } = await import('@hybridmed/data');
  const verification = await verifySplit(spec, file, selectOptions(values));
  const fits = verification.unlisted + verification.unknown + verification.leaks === 0;
  printResult(output, values, { ...verification, fits }, () => formatVerification(verification, fits));
  if (!fits) output.exitCode = 1;
}

/** The command. */
export const dataSplit = defineCommand({
  name: 'split',
  description: "write a set's split as a file of ids that a paper can cite, draw a new split by patient, or verify such a file; exit code 1 if it does not fit",
  arguments: { spec: dataSetHelp },
  options,
  async run({ values, arguments: { spec }, output, usage }) {
    if ((values.out === undefined) === (values.verify === undefined)) usage('give either --out FILE or --verify FILE');
    if ((values.validate ?? 0) + (values.test ?? 0) > 1) usage("the sum of '--validate' and '--test' must be at most 1");
    if (values.out !== undefined) await make(spec, values.out, values, output);
    else await verify(spec, values.verify!, values, output);
  },
});
