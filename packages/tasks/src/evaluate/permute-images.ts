// The control of captioning: every study with another study's film.
import type { Study } from '@hybridmed/data';

/** The same studies, each with the film of the study half the split away on: none keeps its own. */
export function shuffledFilms(studies: readonly Study[]): Study[] {
  const shift = Math.max(1, Math.floor(studies.length / 2));
  return studies.map((study, i) => ({ ...study, image: studies[(i + shift) % studies.length]!.image }));
}
