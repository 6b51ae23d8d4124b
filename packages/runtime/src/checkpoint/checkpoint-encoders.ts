// The encoders of a checkpoint that are modules': named by the user each time, since code is never run because a file says so.
import type { ModelConfig, ModuleEncoders } from '@hybridmed/model';
import type { TextEncoder, VisionEncoder } from '@hybridmed/nn';
import { moduleText, moduleVision } from '../encoders/module-encoders.ts';
import { fileError } from '../files.ts';

/** A checkpoint's encoders that are modules', loaded or by the modules' names. */
export interface CheckpointEncoders {
  readonly vision?: string | VisionEncoder | undefined;
  readonly text?: string | TextEncoder | undefined;
}

async function encoderOf<T>(
  file: string,
  part: 'vision' | 'text',
  sizes: object,
  named: string | T | undefined,
  load: (specifier: string) => Promise<T>,
): Promise<T | undefined> {
  const module = 'module' in sizes ? sizes.module : undefined;
  if (module === undefined) {
    if (typeof named === 'string') throw fileError(file, `its ${part} encoder is not a module's`, `leave --${part} out`);
    return undefined;
  }
  if (named === undefined)
    throw fileError(file, `its ${part} encoder is that of the module ${JSON.stringify(module)}`, `name that module with --${part} to have it run`);
  return typeof named === 'string' ? load(named) : named;
}

/** The encoders that a checkpoint's model needs from modules. Throws one line where one is needed and not named, or named and not needed. */
export async function loadModuleEncoders(file: string, { vision, text }: ModelConfig, named: CheckpointEncoders): Promise<ModuleEncoders> {
  const visionEncoder = await encoderOf(file, 'vision', vision, named.vision, (module) =>
    moduleVision(module, { size: vision.imageSize, channels: vision.channels }),
  );
  const textEncoder = await encoderOf(file, 'text', text, named.text, (module) =>
    moduleText(module, { vocabulary: text.vocabularySize, maxTokens: text.positions }),
  );
  return { ...(visionEncoder ? { vision: visionEncoder } : {}), ...(textEncoder ? { text: textEncoder } : {}) };
}
