// Options of the commands whose work can be done in parts, by processes that need not reach one another.
import type { Part } from '@hybridmed/runtime/parts';
import type { Options } from '@hybridmed/training/options';
import { option, string } from '@hybridmed/training/options';
import type { Output } from '../output.ts';
import { printResult } from '../output.ts';

/** Which part is done, and where it goes. */
export const partOptions = {
  parts: option({ value: string(), argument: 'folder', help: 'do one part of the work and write it to this folder; hybridmed merge makes the result of all' }),
  part: option({
    value: string(),
    argument: 'I/N',
    help: 'which part, from 1/N to N/N; auto/N for the place that the scheduler gives',
    defaultWords: 'by Slurm array, indexed job or ranks',
  }),
} satisfies Options;

/** A part that was asked for. */
export interface CommandPart {
  readonly folder: string;
  readonly part: Part;
}

/** The part that options and the scheduler's variables name; undefined where the whole is asked for. Throws one line where it is not clear which. */
export async function commandPart(
  { parts: folder, part: text }: { readonly parts?: string | undefined; readonly part?: string | undefined },
  usage: (problem: string) => never,
): Promise<CommandPart | undefined> {
  if (folder === undefined) {
    if (text !== undefined) usage('give --parts FOLDER with --part: the folder that holds what the parts find');
    return undefined;
  }
  const { partOf } = await import('@hybridmed/runtime/parts');
  return { folder, part: partOf(text) };
}

/** Says where a part was written, and what is next. */
export function printPart(output: Output, values: { readonly json: boolean }, { folder, part: { index, count } }: CommandPart, file: string, flags = ''): void {
  printResult(
    output,
    values,
    { part: index + 1, parts: count, file },
    () => `${file}: part ${index + 1} of ${count}; once all are there: hybridmed merge ${folder}${flags}\n`,
  );
}
