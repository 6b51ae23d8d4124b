// `hybridmed save`: a checkpoint's encoder in the files that Python's transformers and timm load.
import { choice, option, string } from '@hybridmed/training/options';
import { defineCommand } from '../define-command.ts';
import { encodersOf } from '../options/model.ts';
import { checkpointHelp, jsonOption, moduleOptions } from '../options/shared.ts';
import { printResult } from '../output.ts';

/** The command. */
export const save = defineCommand({
  name: 'save',
  description: 'save an encoder for Python: text for transformers, vision for timm, with a model card',
  examples: {
    'save runs/openi --part text --out DIR': "for Python's transformers (vision: timm), with a model card",
  },
  arguments: { checkpoint: checkpointHelp },
  options: {
    part: option({ value: choice(['vision', 'text']), argument: 'name', help: 'which encoder', required: true }),
    out: option({ value: string(), argument: 'dir', help: 'folder to make', required: true }),
    ...moduleOptions,
    ...jsonOption,
  },
  async run({ values, arguments: { checkpoint }, output }) {
    const { part, out, json } = values;
    const { saveEncoder } = await import('../../saving/save-encoder.ts');
    const saved = await saveEncoder({ checkpoint, part, out, encoders: encodersOf(values) });
    printResult(
      output,
      { json },
      saved,
      ({ tensors, parameters }) => `${out}: ${tensors} tensors, ${parameters.toLocaleString('en-US')} parameters; README.md says how to load it in Python\n`,
    );
  },
});
