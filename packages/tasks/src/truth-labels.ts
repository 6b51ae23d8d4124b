// Labels of studies as the labels that images can be trained by: which label of which text a class of a data set means.
import type { ImageLabel } from '@hybridmed/eval/labeller';
import { imageLabels, phantomLabels } from '@hybridmed/eval/labeller';
import { namesFinding } from './labelled-set.ts';

/** A label of images that answers a class: a high value of it means that the class is present; where `less`, a low one. */
export interface TruthLabel {
  readonly label: ImageLabel;
  /** The text whose label it is: people code a whole report by its findings. */
  readonly text: 'report' | 'impression';
  readonly less?: true;
}

/** Classes under names of their own: findings of phantoms, what Open-I's tags are asked for, and what impressions name. */
const byClass: Readonly<Partial<Record<string, TruthLabel>>> = {
  ...Object.fromEntries(Object.entries(phantomLabels).map(([name, label]) => [name, { label, text: 'report' } as const])),
  emphysema: { label: 'Emphysema', text: 'report' },
  [namesFinding]: { label: 'No Finding', text: 'impression', less: true },
};

/** The label that answers a class. Undefined where none does, as for Open-I's tag "normal", which says more than that no disease is named. */
export function truthLabel(name: string): TruthLabel | undefined {
  const own = imageLabels.find((label) => label === name);
  return byClass[name] ?? (own && { label: own, text: 'report' });
}
