// The browser entry of pipelines: a session, or a checkpoint's files as they were fetched, and images as blobs or pixels.
import type { GreyImage } from '@hybridmed/data/browser';
import { squareOf } from '@hybridmed/data/browser';
import type { CheckpointBytes } from '@hybridmed/model';
import { parseCheckpoint } from '@hybridmed/model';
import type { ModelSession } from '@hybridmed/model/session';
import { openSession } from '@hybridmed/model/session';
import type { Device } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import { greyOfBitmap, greyOfPixels } from './browser-image.ts';
import type { ImageReader } from './contract.ts';
import type { Pipeline } from './open-pipeline.ts';
import { checkTask, pipelineOver, wrongFolder } from './open-pipeline.ts';
import type { PipelineTask } from './rows.ts';

/** An image in a page: a PNG or JPEG file, decoded pixels, a bitmap, or grey pixels. */
export type PageImage = Blob | ImageData | ImageBitmap | GreyImage;

/** How a pipeline is opened in a page. */
export interface PagePipelineOptions {
  /** The device of a checkpoint's files or URL; it stays open when the pipeline is closed. */
  readonly device?: Device;
}

/** A model in a page: a session (an exported folder's is `openExportedSession`'s), the bytes of a checkpoint's three files, or the URL of its folder. */
export type PageModel = ModelSession | CheckpointBytes | string | URL;

const greyOf = async (image: PageImage): Promise<GreyImage> => {
  if (typeof Blob !== 'undefined' && image instanceof Blob) {
    const bitmap = await createImageBitmap(image, { colorSpaceConversion: 'none', imageOrientation: 'from-image' }).catch((error: unknown) => {
      throw new HybridmedError(`the image cannot be read (${(error as Error).message.split('\n')[0]}); give a PNG or JPEG file`);
    });
    try {
      return greyOfBitmap(bitmap);
    } finally {
      bitmap.close();
    }
  }
  if (typeof ImageBitmap !== 'undefined' && image instanceof ImageBitmap) return greyOfBitmap(image);
  return 'pixels' in image ? image : greyOfPixels(image as ImageData);
};

const images: ImageReader<PageImage> = { square: async (image, side) => squareOf(await greyOf(image), side), grey: greyOf };

const isSession = (model: PageModel): model is ModelSession => typeof model === 'object' && 'imageFeatures' in model;

/** A checkpoint's files from the URL of its folder. Throws one line that names the file that cannot be fetched. */
async function fetchCheckpoint(folder: string): Promise<CheckpointBytes> {
  const file = async (name: keyof CheckpointBytes): Promise<Uint8Array> => {
    const url = `${folder.replace(/\/$/, '')}/${name}`;
    const response = await fetch(url);
    if (!response.ok) throw new HybridmedError(`${url}: cannot be fetched (${response.status}); name the folder of a checkpoint`);
    return new Uint8Array(await response.arrayBuffer());
  };
  return { 'config.json': await file('config.json'), 'tokenizer.json': await file('tokenizer.json'), 'model.safetensors': await file('model.safetensors') };
}

/**
 * Opens a task's pipeline in a page. A session that is given stays open when the pipeline is closed. Throws one line for a task that there is not
 * (with the nearest name), and for a model that lacks what the task needs; `visual-question-answering` is opened from folders, in Node.
 */
export async function pipeline<T extends PipelineTask>(task: T, model: PageModel, { device }: PagePipelineOptions = {}): Promise<Pipeline<PageImage, T>> {
  const kind = checkTask(task);
  if (isSession(model)) return pipelineOver(task, { model, close: async () => undefined }, images);
  const isPlace = typeof model === 'string' || model instanceof URL;
  const source = isPlace ? String(model) : 'checkpoint';
  if (kind === 'answers') throw wrongFolder(source, 'pages read no model of visual question answering', task);
  if (!device) throw new HybridmedError(`${source}: a checkpoint needs a device; give one, such as \`await browserWebgpuDevice()\` of @hybridmed/webgpu`);
  const session = openSession(device, parseCheckpoint(source, isPlace ? await fetchCheckpoint(source) : model), source);
  return pipelineOver(task, { model: session, close: () => session.close() }, images);
}
export { pipelineTasks } from './open-pipeline.ts';
export type { Pipeline } from './open-pipeline.ts';
export type { PipelineTask } from './rows.ts';
