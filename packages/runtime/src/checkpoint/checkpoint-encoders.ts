// The encoders of a checkpoint that are modules': named by the user each time, since code is never run because a file says so.
import type { ModelConfig, ModuleEncoders } from '@hybridmed/model';
import type { TextEncoder, VisionEncoder } from '@hybridmed/nn';
import { moduleText, moduleVision } from '../encoders/module-encoders.ts';
import { fileError } from '../files.ts';

/** A checkpoint's encoders that are modules', loaded or by the modules' names. */
export interface CheckpointEncoders {
  readonly vision?: string | VisionEncoder | undefined;
  readonly text?: string | TextEncoder | undefined;
  /** The flag that names the text encoder's module, for messages: `--text` by default. */
  readonly textFlag?: string | undefined;
}

type Part = 'vision' | 'text';

const flagOf = (part: Part, { textFlag = '--text' }: CheckpointEncoders): string => (part === 'text' ? textFlag : '--vision');

const moduleOf = (part: Part, sizes: ModelConfig): string | undefined => {
  const encoder = sizes[part];
  return 'module' in encoder ? encoder.module : undefined;
};

/** Throws one line where a module is named for an encoder that is none's. */
export function checkNamed(file: string, sizes: ModelConfig, named: CheckpointEncoders): void {
  for (const part of ['vision', 'text'] as const)
    if (typeof named[part] === 'string' && moduleOf(part, sizes) === undefined)
      throw fileError(file, `its ${part} encoder is not a module's`, `leave ${flagOf(part, named)} out`);
}

async function encoderOf<T extends VisionEncoder | TextEncoder>(
  file: string,
  part: Part,
  sizes: ModelConfig,
  named: CheckpointEncoders,
  load: (specifier: string) => Promise<T>,
): Promise<T | undefined> {
  const module = moduleOf(part, sizes);
  if (module === undefined) return undefined;
  const encoder = named[part];
  if (encoder === undefined)
    throw fileError(file, `its ${part} encoder is that of the module ${JSON.stringify(module)}`, `name that module with ${flagOf(part, named)} to have it run`);
  return typeof encoder === 'string' ? load(encoder) : (encoder as T);
}

/** The encoders that a checkpoint's model needs from modules. Throws one line where one is needed and not named, or named and not needed. */
export async function loadModuleEncoders(file: string, sizes: ModelConfig, named: CheckpointEncoders): Promise<ModuleEncoders> {
  checkNamed(file, sizes, named);
  const { vision: own } = sizes;
  const vision =
    own.kind === 'none'
      ? undefined
      : await encoderOf(file, 'vision', sizes, named, (module) => moduleVision(module, { size: own.imageSize, channels: own.channels }));
  const text = await encoderOf(file, 'text', sizes, named, (module) =>
    moduleText(module, { vocabulary: sizes.text.vocabularySize, maxTokens: sizes.text.positions }),
  );
  return { ...(vision ? { vision } : {}), ...(text ? { text } : {}) };
}
