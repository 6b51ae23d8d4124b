// The command line's entry: reads arguments, runs one command, and turns its outcome into an exit code.
import { DataError } from '@hybridmed/data';
import { HybridmedError } from '@hybridmed/tensor';
import { Command, CommanderError } from 'commander';
import { addClassification } from './commands/classify.ts';
import { addAblate } from './commands/ablate.ts';
import { addData } from './commands/data.ts';
import { addDemo } from './commands/demo.ts';
import { addDevices } from './commands/devices.ts';
import { addEmbed } from './commands/embed.ts';
import { addEvaluate } from './commands/evaluate.ts';
import { addExport } from './commands/export.ts';
import { addExplain } from './commands/explain.ts';
import { addGenerate } from './commands/generate.ts';
import { addInfo } from './commands/info.ts';
import { addPretrain } from './commands/pretrain.ts';
import { addReport } from './commands/report.ts';
import { addRetrieve } from './commands/retrieve.ts';
import { addSave } from './commands/save.ts';
import { addVerify } from './commands/verify.ts';
import { addVqa } from './commands/vqa.ts';
import { addZeroShot } from './commands/zeroshot.ts';
import type { Output } from './output.ts';
import { processOutput } from './output.ts';
import { version } from '../node/version.ts';

/** Exit codes: what scripts can rely on. */
export const exitCodes = { success: 0, failure: 1, usage: 2 } as const;

const helpCodes = new Set(['commander.help', 'commander.helpDisplayed', 'commander.version']);

/** Commands in the order that --help shows them. */
const commands: readonly ((program: Command, output: Output) => void)[] = [
  addDevices,
  addData,
  addPretrain,
  addGenerate,
  addEvaluate,
  addInfo,
  addReport,
  addExplain,
  addZeroShot,
  addRetrieve,
  addExport,
  addEmbed,
  addClassification,
  addVqa,
  addAblate,
  addSave,
  addVerify,
  addDemo,
];

function build(output: Output): Command {
  const program = new Command('hybridmed')
    .description('Pre-training on chest radiographs and reports, and what it is good for. Not a medical device.')
    .version(version(), '-V, --version')
    .showHelpAfterError('(see --help)')
    .configureHelp({ showGlobalOptions: true })
    .enablePositionalOptions()
    .configureOutput({ writeOut: (text) => output.result(text), writeErr: (text) => output.log(text.trimEnd()) });
  for (const add of commands) add(program, output);
  const strict = (command: Command): void => {
    command.exitOverride();
    command.configureOutput(program.configureOutput());
    command.showHelpAfterError('(see --help)');
    command.commands.forEach(strict);
  };
  strict(program);
  return program;
}

/** Runs the command line with its arguments (without node and script) and returns the exit code. */
export async function main(args: readonly string[], output: Output = processOutput): Promise<number> {
  const program = build(output);
  if (args.length === 0) {
    output.log(program.helpInformation());
    return exitCodes.usage;
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return output.exitCode ?? exitCodes.success;
  } catch (error) {
    if (error instanceof CommanderError) return helpCodes.has(error.code) && error.exitCode === 0 ? exitCodes.success : exitCodes.usage;
    output.log(describe(error));
    return exitCodes.failure;
  }
}

/** One line for errors a user can act on; the stack for a defect of ours. */
function describe(error: unknown): string {
  if (error instanceof HybridmedError || error instanceof DataError) return `error: ${error.message}`;
  if (error instanceof Error)
    return process.env.HYBRIDMED_DEBUG ? (error.stack ?? error.message) : `error: ${error.message.split('\n')[0]} (set HYBRIDMED_DEBUG=1 for where)`;
  return `error: ${String(error)}`;
}
