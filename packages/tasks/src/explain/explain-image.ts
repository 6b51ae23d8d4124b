// Explains one image into a folder: a picture for every map, and a list of them.
import { join } from 'node:path';
import { readGrey } from '@hybridmed/data';
import type { ModelSession } from '@hybridmed/model/session';
import { readImages } from '@hybridmed/runtime';
import { encodePicture, writeFileAtomic } from '@hybridmed/runtime/files';
import type { ExplainerOptions } from './explainer.ts';
import { createExplainer } from './explainer.ts';
import type { MapKind, PatchMap, TextMaps } from './maps.ts';
import { mapKinds } from './maps.ts';
import { heatPicture } from './heat-picture.ts';
import { overImage } from './projection.ts';

/** What to explain, and where to write it. */
export interface ExplainImageOptions extends ExplainerOptions {
  readonly model: ModelSession;
  readonly image: string;
  readonly text: string;
  readonly out: string;
}

/** One picture. */
export interface MapFile {
  readonly file: string;
  readonly kind: MapKind;
  /** The word it belongs to; absent for a map of a whole text or of the image. */
  readonly word?: string;
}

/** The pictures of an image. */
export interface ImageExplanation {
  readonly checkpoint: string;
  readonly image: string;
  readonly text: string;
  /** The impression that the model writes from the image: the text of maps of attention. Absent where the image branch was not exported. */
  readonly impression?: string;
  readonly maps: readonly MapFile[];
}

/** A word as part of a file's name: letters and digits only, so that no text decides a file's path. */
const fileWord = (word: string): string => word.replace(/[^a-z0-9]+/gi, '').slice(0, 24) || 'mark';

/** Writes KIND.png and KIND-NN-WORD.png into a folder, and explain.json last. Throws one line for an image that cannot be read, or a model that cannot make the maps. */
export async function explainImage({ model, image, text, out, ...options }: ExplainImageOptions): Promise<ImageExplanation> {
  const radiograph = await readGrey(image);
  const explainer = createExplainer(model, options);
  try {
    const prepared = await readImages(model, [image]);
    const maps = await explainer.maps(prepared, text);
    const files: MapFile[] = [];
    const write = async (name: string, map: PatchMap, entry: Omit<MapFile, 'file'>) => {
      const file = `${name}.png`;
      const picture = heatPicture(radiograph, overImage(map, radiograph, model.info.image, model.info.image.size));
      await writeFileAtomic(join(out, file), [await encodePicture(picture, 'png')]);
      files.push({ file, ...entry });
    };
    const words = async (kind: 'alignment' | 'attention', own: TextMaps) => {
      await write(kind, own.whole, { kind });
      for (const [i, { word, map }] of own.words.entries()) await write(`${kind}-${String(i + 1).padStart(2, '0')}-${fileWord(word)}`, map, { kind, word });
    };
    for (const kind of mapKinds) {
      const map = maps[kind];
      if (map) await ('whole' in map ? words(kind as 'alignment' | 'attention', map) : write(kind, map, { kind }));
    }
    const [written] = model.has('caption') ? await model.generate({ image: prepared }) : [];
    const result = { checkpoint: model.info.source, image, text, ...(written ? { impression: written.text } : {}), maps: files };
    await writeFileAtomic(join(out, 'explain.json'), [`${JSON.stringify(result, undefined, 2)}\n`]);
    return result;
  } finally {
    explainer.release();
  }
}
