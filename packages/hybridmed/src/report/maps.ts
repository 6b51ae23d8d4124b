// Heat maps of a few studies for a run's page, as small pictures.
import type { Study } from '@hybridmed/data';
import { encodePicture, readGrey } from '@hybridmed/data';
import { pointingGame } from '@hybridmed/eval/protocols';
import { heatPicture, overImage } from '@hybridmed/tasks';
import { openExplainer, hasRegion, regionOf, wholeMap } from '@hybridmed/tasks/node';
import type { Device } from '@hybridmed/tensor';
import { evenlySpaced } from './choose.ts';
import { dataUri } from './images.ts';
import type { MapExample, ReportStudy } from './report-data.ts';

const side = 256;

/** The map that points best, and the two it is made of. */
const shownKinds = ['guided', 'removal', 'gradient'] as const;

const captions: Readonly<Record<(typeof shownKinds)[number], readonly [title: string, caption: string]>> = {
  guided: ['Guided removal', 'the two others multiplied'],
  removal: ['Removal', 'what the impression loses when patches are taken out'],
  gradient: ['Gradient', 'pixels that would change what the film says for it'],
};

/** Studies to show: those whose region is known where there are any, evenly spaced. */
export function mapStudies(studies: readonly Study[], count: number): Study[] {
  const known = studies.filter(hasRegion);
  return evenlySpaced(known.length >= count ? known : studies, count);
}

/** Maps of these studies, for their true impressions. Throws one line for a checkpoint that cannot make maps, or a film that cannot be read. */
export async function mapExamples(
  checkpoint: string,
  device: Device,
  chosen: readonly { readonly study: Study; readonly shown: ReportStudy }[],
): Promise<MapExample[]> {
  const explainer = await openExplainer(checkpoint, device, { kinds: 'all' });
  const { model, config } = explainer.checkpoint;
  const examples: MapExample[] = [];
  try {
    for (const { study, shown } of chosen) {
      const [film, region, maps] = [await readGrey(study.image), await regionOf(study), await explainer.maps(study.image, study.impression)];
      const pictures = [];
      for (const kind of shownKinds) {
        const map = wholeMap(maps, kind);
        if (!map) continue;
        const over = overImage(map, film, config.input, model.vision.image.size);
        const [title, caption] = captions[kind];
        const hit = region ? pointingGame(over.values, region.mask) : Number.NaN;
        pictures.push({
          title,
          caption,
          ...(Number.isNaN(hit) ? {} : { inside: hit > 0.5 }),
          picture: dataUri(await encodePicture(heatPicture(film, over), 'jpeg', { side }), 'jpeg'),
        });
      }
      examples.push({ study: shown, maps: pictures });
    }
  } finally {
    explainer.close();
  }
  return examples;
}
