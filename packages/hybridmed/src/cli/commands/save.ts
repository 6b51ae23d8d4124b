// `hybridmed save`: a checkpoint's encoder in the files that Python's transformers and timm load.
import { choice, option, string } from '@hybridmed/training/settings';
import { defineCommand } from '../define-command.ts';
import { checkpointHelp, jsonOption } from '../options/shared.ts';
import { printResult } from '../output.ts';

/** The command. */
export const save = defineCommand({
  name: 'save',
  description: 'save an encoder for Python: text for transformers, vision for timm, with a model card',
  arguments: { checkpoint: checkpointHelp },
  options: {
    part: option({ value: choice(['vision', 'text']), argument: 'name', help: 'which encoder', required: true }),
    out: option({ value: string(), argument: 'dir', help: 'folder to make', required: true }),
    ...jsonOption,
  },
  async run({ values: { part, out, json }, arguments: { checkpoint }, output }) {
    const { saveEncoder } = await import('../../saving/save-encoder.ts');
    const saved = await saveEncoder({ checkpoint, part, out });
    printResult(
      output,
      { json },
      saved,
      ({ tensors, parameters }) => `${out}: ${tensors} tensors, ${parameters.toLocaleString('en-US')} parameters; README.md says how to load it in Python\n`,
    );
  },
});
