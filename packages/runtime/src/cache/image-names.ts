// What a copy of a study's image is known by in a cache: the content of its file, how it is prepared, and which crop it is.
import type { Augmentation, Study } from '@hybridmed/data';
import { copyName, rangeOf } from '@hybridmed/data';
import { hashFile } from './content-hash.ts';
import type { ModelInput } from '../session/study-loader.ts';

/** What decides how a copy is cut. */
export interface CopyOptions {
  readonly seed: number;
  readonly augmentation: Augmentation;
}

/** Names of the copies of studies' images. An image that is at a URL and whose hash nobody has written down has none, nor has one that cannot be read. */
export function imageNames(
  studies: readonly Pick<Study, 'image'>[],
  { image: { size, channels, resize } }: Pick<ModelInput, 'image'>,
  { seed, augmentation }: CopyOptions,
): (study: number, copy: number) => Promise<string | undefined> {
  const contents: (Promise<string | undefined> | undefined)[] = [];
  const contentOf = async (study: number): Promise<string | undefined> => {
    const name = studies[study]!.image;
    const range = rangeOf(name);
    if (range?.sha256 !== undefined) return range.sha256;
    const { source, ...part } = range ? { source: range.source, start: range.start, end: range.start + range.length - 1 } : { source: name };
    return /^https?:/i.test(source) ? undefined : hashFile(source, part).catch(() => undefined);
  };
  return async (study, copy) => {
    const content = await (contents[study] ??= contentOf(study));
    return content && JSON.stringify([content, resize, size, channels, copyName(copy, { seed, study, augmentation })]);
  };
}
