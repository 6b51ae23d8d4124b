// `hybridmed data split`: a set's split as a file of ids, and whether such a file fits a set.
import type { SplitKey, SplitFractions, SplitVerification } from '@hybridmed/data';
import type { Command } from 'commander';
import { Option } from 'commander';
import { jsonOption, number } from '../../options.ts';
import type { Output } from '../../output.ts';
import { printResult, table } from '../../output.ts';
import type { SelectFlags } from '../../select-options.ts';
import { addSelectOptions, needOption, selectOptions } from '../../select-options.ts';

interface SplitFlags extends SelectFlags {
  out?: string;
  verify?: string;
  by?: SplitKey;
  validate?: number;
  test?: number;
  json: boolean;
}

async function make(spec: string, out: string, { by, validate, test, json, ...flags }: SplitFlags, output: Output): Promise<void> {
  const { makeSplit, writeSplit } = await import('@hybridmed/data');
  const fractions: SplitFractions | undefined = validate === undefined && test === undefined ? undefined : { validate: validate ?? 0, test: test ?? 0 };
  const ids = await makeSplit(spec, { ...selectOptions(flags), ...(by ? { by } : {}), ...(fractions ? { fractions } : {}) });
  const sha256 = await writeSplit(out, ids);
  const counts = { train: 0, validate: 0, test: 0 };
  for (const split of ids.splits.values()) counts[split]++;
  const result = { file: out, key: ids.key, ids: counts, sha256 };
  printResult(output, { json }, result, () => `${out}: ${counts.train}/${counts.validate}/${counts.test} ids (${ids.key}), sha256 ${sha256}\n`);
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

async function verify(spec: string, file: string, { json, ...flags }: SplitFlags, output: Output): Promise<void> {
  const { verifySplit } = await import('@hybridmed/data');
  const verification = await verifySplit(spec, file, selectOptions(flags));
  const fits = verification.unlisted + verification.unknown + verification.leaks === 0;
  printResult(output, { json }, { ...verification, fits }, () => formatVerification(verification, fits));
  if (!fits) output.exitCode = 1;
}

/** Adds the command. */
export function addDataSplit(data: Command, output: Output): void {
  const command = addSelectOptions(
    data
      .command('split')
      .description(
        "write a set's split as a file of ids that a paper can cite, draw a new split by patient, or verify such a file; exit code 1 if it does not fit",
      )
      .argument('<spec>', 'data set as name:path, such as openi:DIR')
      .addOption(needOption()),
  )
    .option('--out <file>', 'file to write')
    .option('--verify <file>', 'file to verify against the set')
    .addOption(
      new Option('--by <key>', 'unit that is never divided (default: patient if the set names patients, else study)').choices(['patient', 'study', 'image']),
    )
    .option('--validate <fraction>', 'draw a new split: fraction for validation', number(0))
    .option('--test <fraction>', 'draw a new split: fraction for testing', number(0))
    .addOption(jsonOption());
  command.action(async (spec: string, flags: SplitFlags) => {
    if ((flags.out === undefined) === (flags.verify === undefined)) command.error('error: give either --out FILE or --verify FILE');
    if ((flags.validate ?? 0) + (flags.test ?? 0) > 1) command.error("error: the sum of '--validate' and '--test' must be at most 1");
    if (flags.out !== undefined) await make(spec, flags.out, flags, output);
    else await verify(spec, flags.verify!, flags, output);
  });
}
