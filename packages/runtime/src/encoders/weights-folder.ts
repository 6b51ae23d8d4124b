// The tensors and the config of a published checkpoint: one safetensors file, a folder with one, or a folder of shards with an index.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { SafetensorsFile } from '@hybridmed/nn';
import type { TensorSource } from '@hybridmed/nn/weights';
import { WeightsError } from '@hybridmed/nn/weights';
import { openSafetensorsFile } from '../checkpoint/safetensors-file.ts';
import { fileError, isFolder, readJson } from '../files.ts';

/** An open checkpoint; to be closed. */
export interface PublishedWeights {
  readonly source: TensorSource;
  /** Parsed config.json or open_clip_config.json; undefined where there is none. */
  readonly config: unknown;
  /** Where the config is, or should be. */
  readonly configFile: string;
  /** Parsed preprocessor_config.json of transformers; undefined where there is none. */
  readonly preprocessor: unknown;
  readonly preprocessorFile: string;
  /** Parsed 1_Pooling/config.json of sentence-transformers; undefined where there is none. */
  readonly pooling: unknown;
  readonly poolingFile: string;
  close(): Promise<void>;
}

/** Whether a file's name is that of a pickle. */
export const isPickle = (name: string): boolean => /\.(?:bin|pt|pth|ckpt|pkl)$/.test(name);

const indexName = 'model.safetensors.index.json';
const singleNames = ['model.safetensors', 'open_clip_model.safetensors'];

/** Which of a folder's files its weights are: one file, or an index with its shards; else, in words, why none are. */
export function chooseWeights(
  names: readonly string[],
): { readonly files: readonly string[]; readonly sharded: boolean; readonly problem?: undefined } | { readonly problem: string; readonly fix: string } {
  const single = singleNames.find((name) => names.includes(name));
  if (single !== undefined) return { files: [single], sharded: false };
  if (names.includes(indexName)) return { files: [indexName, ...names.filter((name) => /-of-\d+\.safetensors$/.test(name))], sharded: true };
  const others = names.filter((name) => name.endsWith('.safetensors'));
  if (others.length === 1) return { files: others, sharded: false };
  if (others.length > 1) return { problem: `holds ${others.length} .safetensors files and no ${indexName}`, fix: 'name one of the files' };
  return { problem: 'holds no model.safetensors', fix: 'name a folder as Hugging Face lays them out, or a .safetensors file' };
}

/** Refuses a file that torch.save wrote, and says how to convert it. */
function refusePickle(path: string): WeightsError {
  const out = join(dirname(path), 'model.safetensors');
  return new WeightsError(`${path}: is a pickle, and reading one can run any code. Convert it with Python, where you trust it:
  import torch, safetensors.torch; s = torch.load(${JSON.stringify(path)}, map_location="cpu", weights_only=True); s = next((s[k] for k in ("state_dict", "model_state_dict", "model") if k in s), s); safetensors.torch.save_file({k: v.clone().contiguous() for k, v in s.items() if torch.is_tensor(v)}, ${JSON.stringify(out)})`);
}

/** Opens a folder or file. Throws one line that names what is missing or wrong, and the conversion for a pickle. */
export async function openWeights(path: string): Promise<PublishedWeights> {
  if (path === '') throw new WeightsError('hf: names no checkpoint; write hf:FOLDER or hf:FILE.safetensors');
  if (!(await isFolder(path))) {
    if (isPickle(path) && existsSync(path)) throw refusePickle(path);
    if (existsSync(path) && !path.endsWith('.safetensors')) throw fileError(path, 'is no folder and no .safetensors file', 'name one of these');
    // A state dict on its own may have a config of its own name beside it.
    return opened([await openSafetensorsFile(path)], path, path.replace(/\.safetensors$/, '.json'));
  }
  const names = await readdir(path);
  const configFile = join(path, names.includes('config.json') || !names.includes('open_clip_config.json') ? 'config.json' : 'open_clip_config.json');
  const weights = chooseWeights(names);
  if (weights.problem === undefined)
    return weights.sharded ? openShards(path, configFile) : opened([await openSafetensorsFile(join(path, weights.files[0]!))], path, configFile);
  const pickled = names.find(isPickle);
  if (pickled !== undefined && !names.some((name) => name.endsWith('.safetensors'))) throw refusePickle(join(path, pickled));
  throw fileError(path, weights.problem, weights.fix);
}

/** A JSON file's content; undefined where there is none. */
const ifThere = async (file: string): Promise<unknown> => (existsSync(file) ? readJson(file) : undefined);

async function opened(files: readonly (SafetensorsFile & { close(): Promise<void> })[], label: string, configFile: string): Promise<PublishedWeights> {
  const close = async (): Promise<void> => void (await Promise.all(files.map((file) => file.close())));
  try {
    // It lies in a folder of its own: a state dict among others has none.
    const preprocessorFile = join(dirname(configFile), 'preprocessor_config.json');
    const poolingFile = join(dirname(configFile), '1_Pooling', 'config.json');
    const owner = new Map<string, SafetensorsFile>();
    for (const file of files) for (const name of Object.keys(file.shapes)) owner.set(name, file);
    return {
      source: {
        label,
        shapes: Object.fromEntries([...owner].map(([name, file]) => [name, file.shapes[name]!])),
        readInto: (name, out) => owner.get(name)!.readInto(name, out),
      },
      config: await ifThere(configFile),
      configFile,
      preprocessor: await ifThere(preprocessorFile),
      preprocessorFile,
      pooling: await ifThere(poolingFile),
      poolingFile,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Opens the shards that an index names. They lie in the index's own folder: a name with a path in it is refused. */
async function openShards(folder: string, configFile: string): Promise<PublishedWeights> {
  const index = join(folder, indexName);
  const map = ((await readJson(index)) as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== 'object' || map === null || Array.isArray(map)) throw fileError(index, 'has no "weight_map" from tensors to files', 'copy it again');
  const entries = Object.entries(map as Record<string, unknown>);
  const wrong = entries.find(([, file]) => typeof file !== 'string' || basename(file) !== file || !file.endsWith('.safetensors'));
  if (wrong) throw fileError(index, `"${wrong[0]}" is in ${JSON.stringify(wrong[1])}`, 'shards are .safetensors files beside the index');
  const files: Awaited<ReturnType<typeof openSafetensorsFile>>[] = [];
  try {
    const byName = new Map<string, SafetensorsFile>();
    for (const name of new Set(entries.map(([, file]) => file as string))) {
      const file = await openSafetensorsFile(join(folder, name));
      files.push(file);
      byName.set(name, file);
    }
    const absent = entries.find(([tensor, file]) => !Object.hasOwn(byName.get(file as string)!.shapes, tensor));
    if (absent) throw fileError(index, `"${absent[0]}" is not in ${String(absent[1])}`, 'copy the index and the shards of one checkpoint');
  } catch (error) {
    await Promise.all(files.map((file) => file.close()));
    throw error;
  }
  return opened(files, folder, configFile);
}
