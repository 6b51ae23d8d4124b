// Options of the commands that open a model, and the model that they open: a checkpoint, a run, or an exported folder.
import type { CheckpointEncoders, OpenedModel } from '@hybridmed/runtime';
import type { FeatureOptions } from '@hybridmed/tasks/node';
import type { Device } from '@hybridmed/tensor';
import type { Options } from '@hybridmed/training/options';
import { option, string, toggleOr } from '@hybridmed/training/options';
import type { CommandContext } from '../define-command.ts';
import { progressBar } from '../progress.ts';
import { checkpointHelp, deviceOptions, jsonOption, modelHelp, moduleOptions } from './shared.ts';

/** The model of a command: a checkpoint, a run, or an exported folder. */
export const modelOption = { checkpoint: option({ value: string(), argument: 'dir', help: modelHelp, required: true }) };

/** The same where exported graphs do not serve. */
export const checkpointOption = { checkpoint: option({ value: string(), argument: 'dir', help: checkpointHelp, required: true }) };

/** How it is opened. */
export const openingOptions = { ...moduleOptions, ...deviceOptions };

/** Values that say which model is opened, and how. */
export interface ModelValues {
  readonly checkpoint: string;
  readonly vision?: string | undefined;
  readonly text?: string | undefined;
  /** Published weights in place of the values of the checkpoint's vision encoder. */
  readonly publishedVision?: string | undefined;
  readonly threads?: number | undefined;
}

/** What of a command opens its model. */
type ModelContext = Pick<CommandContext<typeof openingOptions, never>, 'openDevice'> & { readonly values: ModelValues };

/** The encoders' modules that these values name. */
export const encodersOf = ({ vision, text: textModule }: Pick<ModelValues, 'vision' | 'text'>): CheckpointEncoders => ({ vision, text: textModule });

/** Opens the device and the model, runs `use` with both, and closes the model. */
export async function withModel<T>(
  { values, openDevice }: ModelContext,
  use: (model: OpenedModel, device: Device) => Promise<T>,
  encoders: CheckpointEncoders = encodersOf(values),
): Promise<T> {
  const { openModel } = await import('@hybridmed/runtime');
  const device = await openDevice();
  const model = await openModel(values.checkpoint, { device, encoders, publishedVision: values.publishedVision, threads: values.threads });
  try {
    return await use(model, device);
  } finally {
    await model.close();
  }
}

/** Options of the commands that use a model's features. */
export const featureOptions = {
  ...modelOption,
  cache: option({
    value: toggleOr(string({ words: 'a folder' })),
    argument: 'folder',
    help: 'folder of cached features',
    default: true,
    defaultWords: '$XDG_CACHE_HOME/hybridmed/features',
    off: { value: false, help: 'compute features without a cache' },
  }),
  ...openingOptions,
  ...jsonOption,
} satisfies Options;

type FeatureContext = ModelContext & { readonly values: { readonly cache: string | boolean } } & Pick<CommandContext<typeof featureOptions, never>, 'output'>;

/** Runs `use` with the model, and with how features are computed and kept; progress goes to standard error. */
export const withFeatures = <T>(context: FeatureContext, use: (options: FeatureOptions & { readonly model: OpenedModel }) => Promise<T>): Promise<T> =>
  withModel(context, async (model) => {
    const { cache } = context.values;
    const bar = progressBar('images');
    try {
      return await use({
        model,
        ...(cache === true ? {} : { cache }),
        onMessage: (line) => context.output.log(line),
        onProgress: (done, total) => {
          if (total > 100) bar.update(done, total);
          if (done === total) bar.stop();
        },
      });
    } finally {
      bar.stop();
    }
  });
