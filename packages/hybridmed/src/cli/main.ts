// The entry of the command line: reads arguments, runs one command, and turns its outcome into an exit code.
import { DataError } from '@hybridmed/data/browser';
import { version } from '@hybridmed/runtime/version';
import { HybridmedError } from '@hybridmed/tensor';
import { Command, CommanderError } from 'commander';
import { addCommands } from './build-command.ts';
import { commands } from './commands.ts';
import type { Output } from './output.ts';
import { printJson, processOutput, visibleOutput } from './output.ts';

/** Exit codes: what scripts can rely on; `pretrain` adds those of the signals that stop it, 130 and 143. */
export const exitCodes = { success: 0, failure: 1, usage: 2 } as const;

const helpCodes = new Set(['commander.help', 'commander.helpDisplayed', 'commander.version']);

async function build(output: Output, words: readonly string[]): Promise<Command> {
  const program = new Command('hybridmed')
    .description('Pre-training on chest radiographs and reports, and downstream tasks. Not a medical device.')
    .version(version(), '-V, --version', 'the version, and which libraries and devices there are')
    .showHelpAfterError('(see --help)')
    .configureHelp({ showGlobalOptions: true })
    .enablePositionalOptions()
    .configureOutput({ writeOut: (text) => output.result(text), writeErr: (text) => output.log(text.trimEnd()) });
  await addCommands(program, commands, output, words);
  const strict = (command: Command): void => {
    command.exitOverride();
    command.configureOutput(program.configureOutput());
    command.showHelpAfterError('(see --help)');
    command.commands.forEach(strict);
  };
  strict(program);
  program.hook('preAction', (_program, command) => refuseEmpty(command));
  return program;
}

/** Refuses empty values: a shell passes one for a variable that is not set. */
function refuseEmpty(command: Command): void {
  const empty = (value: unknown): boolean => value === '' || (Array.isArray(value) && value.includes(''));
  const option = command.options.find((each) => empty(command.getOptionValue(each.attributeName())));
  if (option) command.error(`error: option '${option.flags}' argument '' is invalid. Give a value.`);
  const argument = command.registeredArguments.find((_, i) => empty(command.processedArgs[i]));
  if (argument) command.error(`error: argument '${argument.name()}' is empty. Give a value.`);
}

/** Runs the command line with its arguments (without node and script) and returns the exit code. With --json a failure is a JSON document too: `{"error": ...}`. */
export async function main(args: readonly string[], streams: Output = processOutput): Promise<number> {
  const output = visibleOutput(streams);
  if (args[0] === '--version' || args[0] === '-V') {
    output.result(await (await import('./version-text.ts')).versionText());
    return exitCodes.success;
  }
  const program = await build(output, args);
  if (args.length === 0) {
    output.log(program.helpInformation());
    return exitCodes.usage;
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return output.exitCode ?? exitCodes.success;
  } catch (error) {
    if (error instanceof CommanderError && helpCodes.has(error.code) && error.exitCode === 0) return exitCodes.success;
    const usage = error instanceof CommanderError;
    const line = usage ? error.message : describe(error);
    // Commander has printed its own already, with a hint.
    if (!usage) output.log(line);
    if (output.json ?? args.includes('--json')) printJson(output, { error: line.replace(/^error: /, '') });
    return usage ? exitCodes.usage : exitCodes.failure;
  }
}

/** Messages quote files and flags, which may contain anything: line breaks and control characters become spaces. */
// oxlint-disable-next-line no-control-regex -- these are what is replaced.
const oneLine = (message: string): string => message.replace(/[\u0000-\u001f\u007f-\u009f\s]+/g, ' ').trim();

/** One line for errors a user can act on; the stack for a defect of ours. */
function describe(error: unknown): string {
  if (error instanceof HybridmedError || error instanceof DataError) return `error: ${oneLine(error.message)}`;
  if (error instanceof Error)
    return process.env.HYBRIDMED_DEBUG ? (error.stack ?? error.message) : `error: ${oneLine(error.message.split('\n')[0]!)} (set HYBRIDMED_DEBUG=1 for where)`;
  return `error: ${String(error)}`;
}
