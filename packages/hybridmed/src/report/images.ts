// Films as small pictures inside the page.
import { imageThumbnail } from '@hybridmed/data';

const side = 256;

/** Bytes of a picture as a data URI. */
export const dataUri = (bytes: Uint8Array, type: 'png' | 'jpeg'): string => `data:image/${type};base64,${Buffer.from(bytes).toString('base64')}`;

/** Films by study id, each read once; undefined where a film's file is not known or cannot be read. */
export function filmReader(files: ReadonlyMap<string, string>): (id: string) => Promise<string | undefined> {
  const known = new Map<string, Promise<string | undefined>>();
  return (id) => {
    const file = files.get(id);
    if (file === undefined) return Promise.resolve(undefined);
    const found =
      known.get(id) ??
      imageThumbnail(file, side).then(
        (bytes) => dataUri(bytes, 'jpeg'),
        () => undefined,
      );
    known.set(id, found);
    return found;
  };
}
