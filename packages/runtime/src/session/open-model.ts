// Opens a model for use by path: a checkpoint, a run, or an exported folder. Whatever opened it, tasks see a `ModelSession`.
import { createHash } from 'node:crypto';
import { readSquare } from '@hybridmed/data';
import type { ModelSession } from '@hybridmed/model/session';
import { checkpointNeededError, noVisionError, openExportedSession, openSession } from '@hybridmed/model/session';
import type { Device, HostArray } from '@hybridmed/tensor';
import { hashCheckpoint, hashFiles } from '../cache/content-hash.ts';
import type { CheckpointEncoders } from '../checkpoint/checkpoint-encoders.ts';
import { hashParameters, openCheckpoint } from '../checkpoint/checkpoint-folder.ts';
import { exportedFiles, isExported, openExported } from '../export/exported-folder.ts';
import { fileError } from '../files.ts';
import { localPath } from '../hub/local-path.ts';
import { withPublishedVision } from './published-vision.ts';
import type { RetrievedFindings } from '../retrieval/retrieved-findings.ts';

/** How a model is opened. */
export interface OpenModelOptions {
  /** The device of a checkpoint; exported graphs are run by ONNX Runtime. */
  readonly device: Device;
  /** Modules of the checkpoint's encoders, where they are modules'. */
  readonly encoders?: CheckpointEncoders | undefined;
  /** Published weights (a folder or a .safetensors file) whose values take the place of the checkpoint's vision encoder's: what that began with. */
  readonly publishedVision?: string | undefined;
  /** Threads of ONNX Runtime for exported graphs. */
  readonly threads?: number | undefined;
}

/** A model opened from a folder. */
export interface OpenedModel extends ModelSession {
  /** What findings are read with, where the model was trained with retrieved impressions. */
  readonly retrieval?: RetrievedFindings | undefined;
  /** Hash of everything that decides what it computes: caches and results go by it. Throws one line that names an unreadable file. */
  contentHash(): Promise<string>;
  /** SHA-256 of the checkpoint's parameters, of an exported folder those that it was exported from. */
  weightsHash(): Promise<string>;
}

/** Calls a function once. */
function once<T>(run: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= run());
}

async function openExportedModel(folder: string, { encoders = {}, publishedVision, threads }: OpenModelOptions): Promise<OpenedModel> {
  if (publishedVision !== undefined) throw checkpointNeededError(folder, 'a published vision encoder in place of its own');
  const named = encoders.vision !== undefined ? 'vision' : encoders.text !== undefined ? 'text' : undefined;
  if (named) throw fileError(folder, 'holds exported graphs, which need no module', `leave --${named} out`);
  const exported = await openExported(folder, threads === undefined ? {} : { threads });
  return {
    ...openExportedSession({ ...exported, source: folder }),
    contentHash: once(() => hashFiles(exportedFiles(folder, exported.manifest))),
    weightsHash: () => Promise.resolve(exported.manifest.weights),
  };
}

/**
 * Opens a checkpoint, a run's best one, or an exported folder, by path or as hf://org/name. Throws one line for a folder that is none of them or damaged, and for a module's
 * encoder that is not named, or named and not needed.
 */
export async function openModel(name: string, options: OpenModelOptions): Promise<OpenedModel> {
  const path = await localPath(name);
  if (isExported(path)) return openExportedModel(path, options);
  const { folder, retrieval, ...checkpoint } = await openCheckpoint(path, options.encoders);
  const published = options.publishedVision;
  if (published !== undefined) {
    const { checkpoint: other, hash } = await withPublishedVision(folder, checkpoint, published);
    const combinedHash = once(async () =>
      createHash('sha256')
        .update(`${await hashCheckpoint(folder)} ${hash}`)
        .digest('hex'),
    );
    const session = openSession(options.device, other, `${folder} with the vision encoder of ${published}`);
    return { ...session, retrieval, contentHash: combinedHash, weightsHash: combinedHash };
  }
  return {
    ...openSession(options.device, checkpoint, folder),
    retrieval,
    contentHash: once(() => hashCheckpoint(folder)),
    weightsHash: once(() => hashParameters(folder)),
  };
}

/** Image files as a model reads them: (B, C, H, W) in [-1, 1]. Throws one line that names an unreadable file, and for a model that reads no images. */
export async function readImages({ info, prepare }: Pick<ModelSession, 'info' | 'prepare'>, files: readonly string[]): Promise<HostArray> {
  const withoutImages = info.readsImages ? undefined : noVisionError(info.source, 'vision');
  if (withoutImages) throw withoutImages;
  const squares: Uint8Array[] = [];
  for (const file of files) squares.push(await readSquare(file, info.image.resize));
  return prepare.images(squares);
}
