// The Node entry of pipelines: a model by its folder, images by path or as the bytes of their files.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GreyImage } from '@hybridmed/data';
import { decodeGrey, decodeSquare, readGrey, readSquare } from '@hybridmed/data';
import { squareOf } from '@hybridmed/data/browser';
import type { ModelSession } from '@hybridmed/model/session';
import type { CheckpointEncoders } from '@hybridmed/runtime';
import { openModel } from '@hybridmed/runtime';
import type { DeviceName } from '@hybridmed/runtime/device';
import { openDevice } from '@hybridmed/runtime/device';
import type { Device } from '@hybridmed/tensor';
import { configsOf, openVqaFolder, settingsName } from '../vqa/vqa-folder.ts';
import { openVqaSession } from '../vqa/vqa-session.ts';
import type { ImageReader } from './contract.ts';
import type { Pipeline, PipelineModel } from './open-pipeline.ts';
import { checkTask, pipelineOver, wrongFolder } from './open-pipeline.ts';
import type { PipelineTask } from './rows.ts';

/** An image in Node: the path or file URL of a PNG, JPEG or DICOM file, its bytes, or grey pixels. */
export type NodeImage = string | URL | Uint8Array | GreyImage;

/** How a pipeline is opened. */
export interface PipelineOptions {
  /** A device, or its name; `auto` by default. An open one stays open when the pipeline is closed. */
  readonly device?: DeviceName | Device;
  readonly threads?: number;
  /** Modules of the checkpoint's encoders, where they are modules'. */
  readonly encoders?: CheckpointEncoders;
}

const fileOf = (image: string | URL): string => (typeof image === 'string' ? image : image.protocol === 'file:' ? fileURLToPath(image) : image.href);

const images: ImageReader<NodeImage> = {
  async square(image, side) {
    if (typeof image === 'string' || image instanceof URL) return readSquare(fileOf(image), side);
    return image instanceof Uint8Array ? decodeSquare(image, 'image', side) : squareOf(image, side);
  },
  async grey(image) {
    if (typeof image === 'string' || image instanceof URL) return readGrey(fileOf(image));
    return image instanceof Uint8Array ? decodeGrey(image, 'image') : image;
  },
};

/** What a task needs of a folder, opened on a device. */
async function openFolder(task: PipelineTask, kind: 'model' | 'answers', folder: string, device: Device, options: PipelineOptions): Promise<PipelineModel> {
  const isVqa = existsSync(join(folder, settingsName));
  if (kind === 'model') {
    if (isVqa) throw wrongFolder(folder, 'holds a model of visual question answering', task);
    const model = await openModel(folder, { device, encoders: options.encoders, threads: options.threads });
    return { model, close: () => model.close() };
  }
  if (!isVqa) throw wrongFolder(folder, 'holds no model of visual question answering', task);
  const { settings, checkpoint, read } = await openVqaFolder(folder, options.encoders);
  const parameters = await read('model');
  const answers = await openVqaSession(device, { ...checkpoint, parameters }, configsOf(settings).model, settings.answers);
  return { answers, close: async () => answers.close() };
}

/**
 * Opens a task's pipeline over a model: the path of its folder, or a session, which stays open when the pipeline is closed. Throws one line for
 * a task that there is not (with the nearest name), and for a folder of another kind than the task needs.
 *
 * @example
 * const write = await pipeline('impression', 'runs/openi');
 * const { text } = await write('image.png');
 * await write.close();
 */
export async function pipeline<T extends PipelineTask>(task: T, model: string | ModelSession, options: PipelineOptions = {}): Promise<Pipeline<NodeImage, T>> {
  const kind = checkTask(task);
  if (typeof model !== 'string') return pipelineOver(task, { model, close: async () => undefined }, images);
  const { device: named = 'auto', threads } = options;
  const own = typeof named === 'string' ? (await openDevice(named, threads === undefined ? {} : { threads })).device : undefined;
  const close = async (): Promise<void> => own?.close();
  let opened: PipelineModel;
  try {
    opened = await openFolder(task, kind, model, own ?? (named as Device), options);
  } catch (error) {
    await close();
    throw error;
  }
  return pipelineOver(task, { ...opened, close: () => opened.close().finally(close) }, images);
}
export { pipelineTasks } from './open-pipeline.ts';
export type { Pipeline } from './open-pipeline.ts';
export type { PipelineTask } from './rows.ts';
