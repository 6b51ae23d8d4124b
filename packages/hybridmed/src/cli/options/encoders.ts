// Options of the commands that use a checkpoint's features, and the encoder they open.
import type { EncoderOptions } from '@hybridmed/tasks/node';
import type { Options } from '@hybridmed/training/settings';
import { option, string, toggleOr } from '@hybridmed/training/settings';
import type { CommandContext } from '../define-command.ts';
import { progressBar } from '../progress.ts';
import { checkpointHelp, deviceOptions, jsonOption, moduleOptions } from './shared.ts';

/** The options. */
export const encoderOptions = {
  checkpoint: option({ value: string(), argument: 'dir', help: checkpointHelp, required: true }),
  cache: option({
    value: toggleOr(string({ words: 'folder' })),
    argument: 'folder',
    help: 'folder of cached features',
    default: true,
    defaultWords: '$XDG_CACHE_HOME/hybridmed/features',
    off: { value: false, help: 'compute features without a cache' },
  }),
  ...moduleOptions,
  ...deviceOptions,
  ...jsonOption,
} satisfies Options;

/** Opens the device and runs `use` with the values as options of an encoder; progress goes to standard error. */
export async function withEncoder<T>(
  {
    values: { checkpoint, cache, vision, text: textModule },
    output,
    openDevice,
  }: Pick<CommandContext<typeof encoderOptions, never>, 'values' | 'output' | 'openDevice'>,
  use: (options: EncoderOptions) => Promise<T>,
): Promise<T> {
  const device = await openDevice();
  const bar = progressBar('images');
  try {
    return await use({
      checkpoint,
      device,
      encoders: { vision, text: textModule },
      ...(cache === true ? {} : { cache }),
      onMessage: (line) => output.log(line),
      onProgress: (done, total) => {
        if (total > 100) bar.update(done, total);
        if (done === total) bar.stop();
      },
    });
  } finally {
    bar.stop();
  }
}
