// Whether a command line of a document is one that `hybridmed` takes: parsed by the command line itself, with commands that do nothing.
import { Command, CommanderError } from 'commander';
import { addCommands } from '../../src/cli/build-command.ts';
import { commands } from '../../src/cli/commands.ts';
import type { CommandDefinition, CommandGroup } from '../../src/cli/define-command.ts';

const idle = <T extends CommandDefinition | CommandGroup>(definition: T): T =>
  'commands' in definition ? { ...definition, commands: definition.commands.map(idle) } : { ...definition, run: async () => {} };

/** What is wrong with the words of a `hybridmed` command line, undefined where nothing is. Files of `--config` are read. */
export async function commandProblem(words: readonly string[]): Promise<string | undefined> {
  const program = new Command('hybridmed').enablePositionalOptions();
  let said = '';
  const log = (text: string): void => {
    said += text;
  };
  await addCommands(program, commands.map(idle), { log, result: log } as never, words);
  const strict = (command: Command): void => {
    command.exitOverride().configureOutput({ writeOut: log, writeErr: log });
    command.commands.forEach(strict);
  };
  strict(program);
  try {
    await program.parseAsync([...words], { from: 'user' });
    return undefined;
  } catch (error) {
    return error instanceof CommanderError ? said.trim() || error.message : (error as Error).message;
  }
}
