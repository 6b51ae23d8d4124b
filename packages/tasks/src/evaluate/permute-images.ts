// The control of captioning: every study with another study's image.
import type { Study } from '@hybridmed/data';

/** The same studies, each with the image of the study half the split away: none keeps its own. */
export function permuteImages(studies: readonly Study[]): Study[] {
  const shift = Math.max(1, Math.floor(studies.length / 2));
  return studies.map((study, i) => ({ ...study, image: studies[(i + shift) % studies.length]!.image }));
}
