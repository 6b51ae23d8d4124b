// Which encoders of a run are modules': what its settings name, and what its checkpoints need to be opened again.
import type { CheckpointEncoders } from '../checkpoint/checkpoint-encoders.ts';
import { publishedName } from '@hybridmed/training/options';
import type { RunConfig } from '../settings/run-settings.ts';

const moduleOf = (encoder: string): string | undefined =>
  encoder === 'preset' || encoder === 'none' || publishedName(encoder) !== undefined ? undefined : encoder;

/** The modules that settings name as encoders. They are code that the user names: never take them from a file that a run has left. */
export const runModules = ({ vision, text }: Pick<RunConfig, 'vision' | 'text'>): CheckpointEncoders => ({ vision: moduleOf(vision), text: moduleOf(text) });
