// A checkpoint with the vision encoder of published weights in the place of its own: what that knew before any training, on the same images.
import { createHash } from 'node:crypto';
import type { Checkpoint } from '@hybridmed/model';
import { createModel } from '@hybridmed/model';
import type { HostArrays } from '@hybridmed/tensor';
import { fileError } from '../files.ts';
import { pretrainedVision } from '../encoders/published-encoders.ts';

const prefix = 'vision.';

/** SHA-256 of values by name. */
function hashValues(values: HostArrays): string {
  const hash = createHash('sha256');
  for (const [name, { data, shape }] of Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${name} ${shape.join()}\n`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex');
}

/**
 * A checkpoint whose `vision.*` are the published weights at `path` (a folder or a .safetensors file), and a hash of them. `folder` is
 * the checkpoint's, for messages. Throws one line where they are of another architecture or of other sizes.
 */
export async function withPublishedVision<C extends Checkpoint>(
  folder: string,
  checkpoint: C,
  path: string,
): Promise<{ readonly checkpoint: C; readonly hash: string }> {
  const { config } = checkpoint;
  const own = config.model.vision;
  if (own.kind === 'none' || own.kind === 'module')
    throw fileError(folder, own.kind === 'none' ? 'reads no images' : "its vision encoder is a module's", `leave --vision hf:${path} out`);
  const { config: vision, load } = await pretrainedVision(path, { size: own.imageSize, channels: own.channels });
  const values = Object.fromEntries(Object.entries(await load()).map(([name, value]) => [prefix + name, value]));
  const named = (parameters: object): string =>
    Object.keys(parameters)
      .filter((name) => name.startsWith(prefix))
      .toSorted()
      .join();
  const shapesDiffer = Object.entries(values).some(([name, { shape }]) => checkpoint.parameters[name]?.shape.join() !== shape.join());
  if (vision.kind !== own.kind || shapesDiffer || named(values) !== named(checkpoint.parameters))
    throw fileError(path, `holds another vision encoder than ${folder} was trained with`, 'name the published weights that the run began with');
  const model = createModel({ ...config.model, vision }, { text: checkpoint.model.text });
  return {
    checkpoint: { ...checkpoint, config: { ...config, model: { ...config.model, vision } }, model, parameters: { ...checkpoint.parameters, ...values } },
    hash: hashValues(values),
  };
}
