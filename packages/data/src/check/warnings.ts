// What a check warns of: sharing that is no leak, because the split is published or because it may be chance.
import type { SplitOrigin } from '../study.ts';
import type { DataReport } from './report.ts';

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

/** The warnings, a line each. */
export function warningsOf(
  { patients, studies, images, texts }: DataReport['shared'],
  origin: SplitOrigin,
  look: DataReport['lookAlikes'] | undefined,
  noImage: boolean,
  damaged: number,
): string[] {
  const published: [number, string, string][] = [
    [patients, 'patient is', 'patients are'],
    [studies, 'study is', 'studies are'],
    [images, 'image is', 'images are'],
  ];
  return [
    ...(noImage ? ['no image is on disk: splits, labels and texts are of what the tables name'] : []),
    ...(origin === 'published'
      ? published.flatMap(([count, one, many]) => (count > 0 ? [`${plural(count, one, many)} on both sides of the published split`] : []))
      : []),
    ...(damaged > 0
      ? [`${plural(damaged, 'study has', 'studies have')} the character U+FFFD in the texts, which stands for letters that were lost before`]
      : []),
    ...(texts > 0 ? [`${plural(texts, 'text stands', 'texts stand')} word for word on both sides of a split`] : []),
    ...(look && look.pairs > 0 ? [`${plural(look.pairs, 'pair', 'pairs')} of images on both sides of a split look alike`] : []),
  ];
}
