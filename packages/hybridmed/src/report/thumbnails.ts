// Radiographs as thumbnails inside the page.
import { imageThumbnail } from '@hybridmed/data';

const side = 256;

/** Bytes of an image file as a data URI. */
export const dataUri = (bytes: Uint8Array, type: 'png' | 'jpeg'): string => `data:image/${type};base64,${Buffer.from(bytes).toString('base64')}`;

/** Thumbnails by study id as data URIs, each file read once; undefined for a study without a file or with an unreadable one. */
export function thumbnailReader(files: ReadonlyMap<string, string>): (id: string) => Promise<string | undefined> {
  const thumbnails = new Map<string, Promise<string | undefined>>();
  return (id) => {
    const file = files.get(id);
    if (file === undefined) return Promise.resolve(undefined);
    const thumbnail =
      thumbnails.get(id) ??
      imageThumbnail(file, side).then(
        (bytes) => dataUri(bytes, 'jpeg'),
        () => undefined,
      );
    thumbnails.set(id, thumbnail);
    return thumbnail;
  };
}
