// The configuration file of `pretrain`: the run's settings and the command's own flags, as one JSON object.
import { HybridmedError } from '@hybridmed/tensor';
import type { RunConfig } from '@hybridmed/training/settings';
import { checkSettings, runConfigSchema } from '@hybridmed/training/settings';
import { z } from 'zod';
import { deviceNames, tuningModes } from '../device/open-device.ts';
import { readJson } from '../files.ts';

/** Keys that are flags of the command but not of what is computed. */
export const commandSchema = z.strictObject({
  out: z.string().min(1).describe("The run's folder."),
  resume: z.boolean().describe('Resume where the run stopped.'),
  device: z.enum(deviceNames).describe('Device to compute on.'),
  tuning: z.enum(tuningModes).describe('How a WebGPU device selects kernel variants; a resumed run keeps its selection.'),
  threads: z.int().min(1).describe('Threads of the cpu device.'),
  workers: z.int().min(0).describe('Threads that decode images.'),
  report: z.boolean().describe('Whether to evaluate the run and write its report at the end.'),
});

/** Schema of the whole file; `$schema` may name it. */
export const runFileSchema = z.strictObject({ $schema: z.string(), ...runConfigSchema.shape, ...commandSchema.shape }).partial();

/** Reads a configuration file. Throws one line that names the file, the key and what it must be. */
export async function readRunFile(path: string): Promise<{ settings: Partial<RunConfig>; command: Partial<z.infer<typeof commandSchema>> }> {
  const content: unknown = await readJson(path);
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new HybridmedError(`${path}: is not a JSON object; write {"data": "openi:DIR", ...}`);
  const { $schema: _schema, ...entries } = content as Record<string, unknown>;
  const own = Object.keys(commandSchema.shape);
  const command = commandSchema.partial().safeParse(Object.fromEntries(Object.entries(entries).filter(([key]) => own.includes(key))));
  if (!command.success)
    throw new HybridmedError(
      `${path}: "${command.error.issues[0]!.path.join('.')}": ${command.error.issues[0]!.message}; see config.schema.json for every key`,
    );
  return { settings: checkSettings(path, Object.fromEntries(Object.entries(entries).filter(([key]) => !own.includes(key)))), command: command.data };
}
