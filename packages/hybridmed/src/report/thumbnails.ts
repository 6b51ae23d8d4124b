// Radiographs as thumbnails inside the page.
import { readGrey } from '@hybridmed/data';
import { encodePicture } from '@hybridmed/runtime/files';

const side = 256;

/** Bytes of an image file as a data URI. */
export const dataUri = (bytes: Uint8Array, type: 'png' | 'jpeg'): string => `data:image/${type};base64,${Buffer.from(bytes).toString('base64')}`;

/** An image file as a small grey JPEG. Throws a DataError that names an unreadable file. */
const thumbnailOf = async (file: string): Promise<Uint8Array> => encodePicture({ ...(await readGrey(file)), channels: 1 }, 'jpeg', { side });

/** Thumbnails by study id as data URIs, each file read once; undefined for a study without a file or with an unreadable one. */
export function thumbnailReader(files: ReadonlyMap<string, string>): (id: string) => Promise<string | undefined> {
  const thumbnails = new Map<string, Promise<string | undefined>>();
  return (id) => {
    const file = files.get(id);
    if (file === undefined) return Promise.resolve(undefined);
    const thumbnail =
      thumbnails.get(id) ??
      thumbnailOf(file).then(
        (bytes) => dataUri(bytes, 'jpeg'),
        () => undefined,
      );
    thumbnails.set(id, thumbnail);
    return thumbnail;
  };
}
