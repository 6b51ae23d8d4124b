// Maps of images that are files, by a checkpoint's folder.
import type { Checkpoint } from '@hybridmed/model';
import { loadCheckpoint, resolveCheckpoint, prepareImages } from '@hybridmed/runtime';
import type { Device, HostArray } from '@hybridmed/tensor';
import type { ExplainerOptions } from './explainer.ts';
import { createExplainer } from './explainer.ts';
import type { ImageMaps, MapKind } from './maps.ts';

/** Makes maps of image files. */
export interface FileExplainer {
  readonly folder: string;
  readonly checkpoint: Checkpoint;
  /** The kinds it makes. */
  readonly kinds: readonly MapKind[];
  /** Maps of one image for a text. Throws one line for an unreadable image, or a text without a word. */
  maps(file: string, text: string): Promise<ImageMaps>;
  /** The impression that the image branch writes from an image. */
  impression(file: string): Promise<string>;
  close(): void;
}

/** Loads a checkpoint (or a run's best one). Throws one line for one of stage 1, whose patches do not form a square, or whose encoder does not allow a kind. */
export async function openExplainer(path: string, device: Device, options: ExplainerOptions = {}): Promise<FileExplainer> {
  const folder = await resolveCheckpoint(path);
  const checkpoint = await loadCheckpoint(folder);
  const { model, config } = checkpoint;
  const state = device.createState(checkpoint.parameters);
  const explainer = await createExplainer(device, state, { folder, ...checkpoint }, options);
  const prepare = (file: string): Promise<HostArray> => prepareImages({ ...model.vision.image, resize: config.input.resize }, [file]);
  return {
    folder,
    checkpoint,
    kinds: explainer.kinds,
    maps: async (file, text) => explainer.maps(await prepare(file), text),
    impression: async (file) => explainer.impression(await prepare(file)),
    close() {
      explainer.release();
      state.drop();
    },
  };
}
