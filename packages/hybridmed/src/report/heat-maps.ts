// Heat maps of a few studies for a report, as thumbnails.
import type { Study } from '@hybridmed/data';
import { readGrey } from '@hybridmed/data';
import { pointingGame } from '@hybridmed/eval/protocols';
import { heatPicture, overImage } from '@hybridmed/tasks';
import { encodePicture, openExplainer, hasRegion, regionOf, wholeMap } from '@hybridmed/tasks/node';
import type { Device } from '@hybridmed/tensor';
import { evenlySpaced } from './example-selection.ts';
import type { MapExample, ReportStudy } from './report-data.ts';
import { dataUri } from './thumbnails.ts';

const side = 256;

/** The map that points best, and the two it is made of. */
const shownKinds = ['guided', 'removal', 'gradient'] as const;

const captions: Readonly<Record<(typeof shownKinds)[number], readonly [title: string, caption: string]>> = {
  guided: ['Guided removal', 'the product of the other two'],
  removal: ['Removal', 'log-odds of the impression lost when patches are removed'],
  gradient: ['Gradient', 'pixels to which the log-odds of the impression are most sensitive'],
};

/** Studies to show, evenly spaced: those with known regions if there are enough of them. */
export function mapStudies(studies: readonly Study[], count: number): Study[] {
  const withRegion = studies.filter(hasRegion);
  return evenlySpaced(withRegion.length >= count ? withRegion : studies, count);
}

/** Maps of these studies, for their true impressions. Throws one line for a checkpoint that cannot make maps, or an unreadable image. */
export async function mapExamples(
  checkpoint: string,
  device: Device,
  selected: readonly { readonly study: Study; readonly shown: ReportStudy }[],
): Promise<MapExample[]> {
  const explainer = await openExplainer(checkpoint, device, { kinds: 'all' });
  const { model, config } = explainer.checkpoint;
  const examples: MapExample[] = [];
  try {
    for (const { study, shown } of selected) {
      const [image, region, maps] = [await readGrey(study.image), await regionOf(study), await explainer.maps(study.image, study.impression)];
      const pictures = [];
      for (const kind of shownKinds) {
        const map = wholeMap(maps, kind);
        if (!map) continue;
        const over = overImage(map, image, config.input, model.vision.image.size);
        const [title, caption] = captions[kind];
        const hit = region ? pointingGame(over.values, region.mask) : Number.NaN;
        pictures.push({
          title,
          caption,
          ...(Number.isNaN(hit) ? {} : { inside: hit > 0.5 }),
          picture: dataUri(await encodePicture(heatPicture(image, over), 'jpeg', { side }), 'jpeg'),
        });
      }
      examples.push({ study: shown, maps: pictures });
    }
  } finally {
    explainer.close();
  }
  return examples;
}
