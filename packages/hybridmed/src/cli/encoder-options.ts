// Flags of the commands that use a checkpoint's features: checkpoint, device, cache of features.
import type { EncoderOptions } from '@hybridmed/tasks/node';
import type { Command } from 'commander';
import { withDevice } from './device.ts';
import type { DeviceFlags, ModuleFlags } from './options.ts';
import { deviceOption, jsonOption, textModuleOption, threadsOption, visionModuleOption } from './options.ts';
import type { Output } from './output.ts';
import { progressBar } from './progress.ts';

/** Values of the flags. */
export interface EncoderFlags extends DeviceFlags, ModuleFlags {
  checkpoint: string;
  cache: string | boolean;
  json: boolean;
}

/** Adds `--checkpoint`, `--cache`, `--no-cache`, `--vision`, `--text`, `--device`, `--threads`, `--json`. */
export function addEncoderOptions(command: Command): Command {
  return command
    .requiredOption('--checkpoint <dir>', "checkpoint, or a run's --out folder")
    .option('--cache <folder>', 'folder of cached features (default: $XDG_CACHE_HOME/hybridmed/features)')
    .option('--no-cache', 'compute features without a cache')
    .addOption(visionModuleOption())
    .addOption(textModuleOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(jsonOption());
}

/** Opens the device and runs `use` with the flags as options of an encoder; progress goes to standard error. */
export function withEncoder<T>(flags: EncoderFlags, output: Output, use: (options: EncoderOptions) => Promise<T>): Promise<T> {
  const { checkpoint, cache, vision, text } = flags;
  return withDevice(flags, async (device) => {
    const bar = progressBar('images');
    try {
      return await use({
        checkpoint,
        device,
        encoders: { vision, text },
        ...(cache === true ? {} : { cache: cache === false ? false : cache }),
        onMessage: (line) => output.log(line),
        onProgress: (done, total) => {
          if (total > 100) bar.update(done, total);
          if (done === total) bar.stop();
        },
      });
    } finally {
      bar.stop();
    }
  });
}
