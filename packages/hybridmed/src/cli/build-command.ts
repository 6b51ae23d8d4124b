// Commander's commands from ours: flags and help from rows, values by the rule of precedence, the device closed at the end.
import { HybridmedError } from '@hybridmed/tensor';
import type { Option as Row, Options } from '@hybridmed/training/options';
import { flagOf, mergeSettings } from '@hybridmed/training/options';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { DeviceValues } from './command-device.ts';
import { commandDevice } from './command-device.ts';
import { configOption, readConfig } from './config-file.ts';
import type { CommandDefinition, CommandGroup } from './define-command.ts';
import { loadOptions } from './define-command.ts';
import { showDownloads } from './download-progress.ts';
import { exampleLines } from './example-lines.ts';
import type { Output } from './output.ts';

/** The default as help shows it: in words, as a flag's text, or not at all where it is none. */
function shownDefault({ value, default: constant, defaultWords }: Row): string | undefined {
  if (defaultWords !== undefined || constant === undefined || typeof constant === 'function') return defaultWords;
  const written = value.format?.(constant) ?? String(constant);
  return written === '' ? undefined : written;
}

/** The option of a row; a text that it refuses is a usage error. */
function positiveOption(key: string, row: Row): Option {
  const { value, argument, help } = row;
  const placeholder = argument === undefined ? '' : ` <${argument}${value.flag === 'several' ? '...' : ''}>`;
  const shown = shownDefault(row);
  const ofSwitch = value.flag === 'switch' && shown !== undefined && shown !== 'false' ? ` (default: ${shown})` : '';
  const built = new Option(`${flagOf(key)}${placeholder}`, `${help}${ofSwitch}`);
  if (value.flag === 'switch') return built;
  if (value.choices) built.choices(value.choices);
  // For help alone: `mergeSettings` knows the values.
  if (shown !== undefined) built.default(shown, shown);
  return built.argParser((text: string, before: unknown) => {
    try {
      return value.parse(text, before === built.defaultValue ? undefined : before);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  });
}

const negativeFlag = (key: string): string => flagOf(key).replace(/^--/, '--no-');

/** The options of a row: its flag and its negative. A switch that a file turns on can be turned off; most need no line of help for it. */
const optionsOf = (key: string, row: Row): Option[] => [
  ...(row.off?.only || row.fileOnly ? [] : [positiveOption(key, row)]),
  ...(row.off ? [new Option(negativeFlag(key), row.off.help)] : []),
  ...(row.value.flag === 'switch' && !row.off ? [new Option(negativeFlag(key)).hideHelp()] : []),
];

/** What the command line gives, as values by key. */
function flagValues(command: Command, options: Options): Record<string, unknown> {
  const given = Object.entries(options).filter(([key]) => command.getOptionValueSource(key) === 'cli');
  return Object.fromEntries(
    given.map(([key, row]) => {
      const value: unknown = command.getOptionValue(key);
      return [key, value === false && row.off ? row.off.value : value];
    }),
  );
}

/** The values of a command's options. Ends as a usage error where one that must be given is not. */
async function valuesOf(command: Command, options: Options): Promise<Record<string, unknown>> {
  const flags = flagValues(command, { ...options, ...configOption });
  const file = typeof flags.config === 'string' ? await readConfig(flags.config, options) : {};
  const values: Record<string, unknown> = mergeSettings(options, { flags, file });
  for (const [key, { required }] of Object.entries(options)) {
    if (!required || values[key] !== undefined) continue;
    const { flags: shown } = command.options.find((each) => each.attributeName() === key)!;
    command.error(`error: required option '${shown}' not specified`);
  }
  return values;
}

/** Has this process and its threads send the headers of a file. Throws one line where it holds none. */
async function useHeaders(file: string): Promise<void> {
  const { headersVariable, readHeadersFile, RemoteError } = await import('@hybridmed/remote');
  try {
    readHeadersFile(file);
  } catch (error) {
    throw error instanceof RemoteError ? new HybridmedError(error.message) : error;
  }
  process.env[headersVariable] = file;
}

/** Adds a command to those of `parent`; one that the command line does not name needs no options. */
async function addCommand(parent: Command, definition: CommandDefinition, output: Output, words: readonly string[]): Promise<void> {
  const { name, description, arguments: named = {}, examples, run } = definition;
  const options = words.includes(name) ? await loadOptions(definition) : {};
  const command = parent.command(name).description(description);
  for (const [argument, help] of Object.entries(named)) command.argument(`<${argument}>`, help);
  for (const [key, row] of Object.entries({ ...options, ...configOption })) for (const each of optionsOf(key, row)) command.addOption(each);
  if (examples)
    command.addHelpText(
      'after',
      `\nExamples:\n${exampleLines(examples)
        .map((line) => `  ${line}\n`)
        .join('')}`,
    );
  command.action(async () => {
    const values = await valuesOf(command, options);
    output.json = values.json === true;
    if (typeof values.httpHeaders === 'string') await useHeaders(values.httpHeaders);
    const device = commandDevice(values as DeviceValues, (line) => output.log(line));
    const hideDownloads = showDownloads(output);
    try {
      await run({
        values,
        arguments: Object.fromEntries(Object.keys(named).map((argument, i) => [argument, command.processedArgs[i] as string])),
        output,
        words,
        openDevice: device.open,
        usage: (problem) => command.error(`error: ${problem}`),
      });
    } finally {
      hideDownloads();
      await device.close();
    }
  });
}

/** Adds commands, and those below a group; options of those that `words`, the command line, name. */
export async function addCommands(
  program: Command,
  definitions: readonly (CommandDefinition | CommandGroup)[],
  output: Output,
  words: readonly string[],
): Promise<void> {
  for (const definition of definitions) {
    if ('commands' in definition) await addCommands(program.command(definition.name).description(definition.description), definition.commands, output, words);
    else await addCommand(program, definition, output, words);
  }
}
