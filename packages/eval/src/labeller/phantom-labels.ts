// Findings of phantoms as the labeller's labels, so that texts about phantoms can be checked against what was drawn.
import type { ReportLabel } from './labels.ts';

/** The label that stands for each finding of a phantom (`phantomFindings` of @hybridmed/data). */
export const phantomLabels = {
  pneumothorax: 'Pneumothorax',
  effusion: 'Pleural Effusion',
  opacity: 'Lung Opacity',
  nodule: 'Lung Lesion',
  edema: 'Edema',
  cardiomegaly: 'Cardiomegaly',
  atelectasis: 'Atelectasis',
  line: 'Support Devices',
} as const satisfies Readonly<Record<string, ReportLabel>>;
