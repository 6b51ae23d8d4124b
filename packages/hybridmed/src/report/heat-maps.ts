// Heat maps of a few studies for a report, as thumbnails.
import type { Study } from '@hybridmed/data';
import { readGrey } from '@hybridmed/data';
import { pointingGame } from '@hybridmed/eval/protocols';
import type { ModelSession } from '@hybridmed/model/session';
import { readImages } from '@hybridmed/runtime';
import { encodePicture } from '@hybridmed/runtime/files';
import type { MapKind } from '@hybridmed/tasks';
import { createExplainer, heatPicture, overImage, possibleKinds } from '@hybridmed/tasks';
import { hasRegion, regionOf, wholeMap } from '@hybridmed/tasks/node';
import { evenlySpaced } from './example-selection.ts';
import type { MapExample, ReportStudy } from './report-data.ts';
import { dataUri } from './thumbnails.ts';

const side = 256;

/** The map that points best, and the two it is made of. */
const bestKinds = ['guided', 'removal', 'gradient'] as const;

/** What is shown of a model that can make none of them, such as one whose encoder has a part that is no graph. */
const otherKind = 'alignment';

type ShownKind = (typeof bestKinds)[number] | typeof otherKind;

const captions: Readonly<Record<ShownKind, readonly [title: string, caption: string]>> = {
  guided: ['Guided removal', 'the product of the other two'],
  removal: ['Removal', 'log-odds of the impression lost when patches are removed'],
  gradient: ['Gradient', 'pixels to which the log-odds of the impression are most sensitive'],
  alignment: ['Alignment', 'patches that are aligned with the words of the impression'],
};

/** The kinds to show of a model. */
function shownKinds(model: ModelSession): readonly ShownKind[] {
  const possible: readonly MapKind[] = possibleKinds(model);
  const best = bestKinds.filter((kind) => possible.includes(kind));
  return best.length > 0 ? best : [otherKind];
}

/** Studies to show, evenly spaced: those with known regions if there are enough of them. */
export function mapStudies(studies: readonly Study[], count: number): Study[] {
  const withRegion = studies.filter(hasRegion);
  return evenlySpaced(withRegion.length >= count ? withRegion : studies, count);
}

/** Maps of these studies, for their true impressions. Throws one line for a checkpoint that cannot make maps, or an unreadable image. */
export async function mapExamples(model: ModelSession, selected: readonly { readonly study: Study; readonly shown: ReportStudy }[]): Promise<MapExample[]> {
  const kinds = shownKinds(model);
  const explainer = createExplainer(model, { kinds });
  const examples: MapExample[] = [];
  try {
    for (const { study, shown } of selected) {
      const [image, region] = [await readGrey(study.image), await regionOf(study)];
      const maps = await explainer.maps(await readImages(model, [study.image]), study.impression);
      const pictures = [];
      for (const kind of kinds) {
        const map = wholeMap(maps, kind);
        if (!map) continue;
        const over = overImage(map, image, model.info.image, model.info.image.size);
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
    explainer.release();
  }
  return examples;
}
