// `hybridmed save`: a checkpoint's encoder as Python's transformers or timm load it.
import type { Command } from 'commander';
import { Option } from 'commander';
import { jsonOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printJson } from '../output.ts';

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
      if (json) printJson(output, saved);
      else output.result(`${out}: ${saved.tensors} tensors, ${saved.parameters.toLocaleString('en-US')} numbers; README.md says how to load it in Python\n`);
    });
}
