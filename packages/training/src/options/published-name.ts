// How a published checkpoint is named as an encoder: hf:FOLDER or hf:FILE for one that lies here, hf://org/name for one of a hub.

/** What a published checkpoint's name stands for: the path of `hf:PATH`, all of `hf://org/name`; undefined for what names none. */
export function publishedName(encoder: string): string | undefined {
  if (!encoder.startsWith('hf:')) return undefined;
  return encoder.startsWith('hf://') ? encoder : encoder.slice(3);
}
