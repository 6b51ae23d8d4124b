// `hybridmed save`: a checkpoint's encoder in the files that Python's transformers and timm load.
import type { Command } from 'commander';
import { Option } from 'commander';
import { jsonOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printResult } from '../output.ts';

/** Adds the command. */
export function addSave(program: Command, output: Output): void {
  program
    .command('save')
    .description('save an encoder for Python: text for transformers, vision for timm, with a model card')
    .argument('<checkpoint>', "checkpoint, or a run's --out folder")
    .addOption(new Option('--part <name>', 'which encoder').choices(['vision', 'text']).makeOptionMandatory())
    .requiredOption('--out <dir>', 'folder to make')
    .addOption(jsonOption())
    .action(async (checkpoint: string, { part, out, json }: { part: 'vision' | 'text'; out: string; json: boolean }) => {
      const { saveEncoder } = await import('../../saving/save-encoder.ts');
      const saved = await saveEncoder({ checkpoint, part, out });
      printResult(
        output,
        { json },
        saved,
        ({ tensors, parameters }) => `${out}: ${tensors} tensors, ${parameters.toLocaleString('en-US')} parameters; README.md says how to load it in Python\n`,
      );
    });
}
