// The table of losses, in the order of the method. Training, validation, logs, reports, flags and checks go over its rows.
import { globalContrast, labelParameters, labelSupervision, localContrast, pairwiseContrast, pairwiseParameters } from '@hybridmed/align';
import { distilled } from '@hybridmed/decoder';
import { HybridmedError } from '@hybridmed/tensor';
import { defineLoss } from './row.ts';
import type { LossRow } from './row.ts';

const table = [
  defineLoss({
    key: 'cg',
    symbol: 'L_CG',
    title: 'global contrast (images and impressions)',
    unit: 'study',
    scope: 'batch',
    stages: [2],
    defaultWeight: 1,
    needs: ['imageVector', 'textVector'],
    fields: ({ duplicates }) => (duplicates === 'negatives' ? [] : ['groups']),
    reads: ['align.logit_scale'],
    reference: { zv: 'imageVector', zt: 'textVector', s: 'align.logit_scale' },
    value: ({ imageVector: image, textVector: text, batch: { groups }, parameters, options }) =>
      globalContrast({
        image,
        text,
        logScale: parameters['align.logit_scale']!,
        ...(groups ? { groups } : {}),
        unique: options.duplicates === 'unique',
      }),
  }),
  defineLoss({
    key: 'cl',
    symbol: 'L_CL',
    title: 'local contrast (patches and words)',
    unit: 'study',
    scope: 'study',
    stages: [2],
    defaultWeight: 1,
    needs: ['patches', 'words', 'wordMask', 'importance'],
    reference: { pv: 'patches', wt: 'words', mask: 'wordMask' },
    value: ({ patches, words, wordMask, importance, options }) =>
      localContrast({ patches, words, wordMask, ...(importance ? { importance } : {}), temperature: options.tau }),
  }),
  defineLoss({
    key: 'sum',
    symbol: 'L_Sum',
    title: 'summarization (findings to impression)',
    unit: 'token',
    scope: 'study',
    stages: [1, 2],
    defaultWeight: 1,
    needs: ['summary'],
    reference: { logits: 'summaryLogits', target: 'target', mask: 'target_mask' },
    value: ({ summary }) => summary,
  }),
  defineLoss({
    key: 'cap',
    symbol: 'L_Cap',
    title: 'captioning (image to impression)',
    unit: 'token',
    scope: 'study',
    stages: [2],
    defaultWeight: 2,
    watch: true,
    needs: ['caption'],
    value: ({ caption }) => caption,
  }),
  defineLoss({
    key: 'dis',
    symbol: 'L_Dis',
    title: 'distillation',
    unit: 'token',
    scope: 'study',
    stages: [2],
    defaultWeight: 1,
    needs: ['divergence'],
    reference: { student: 'captionLogits', teacher: 'summaryLogits', mask: 'target_mask' },
    value: ({ divergence, options }) => distilled(divergence, options.temperature),
  }),
  defineLoss({
    key: 'sg',
    symbol: 'L_SG',
    title: 'pairwise contrast (images and impressions)',
    unit: 'study',
    scope: 'batch',
    stages: [2],
    defaultWeight: 0,
    needs: ['imageVector', 'textVector'],
    fields: () => ['groups'],
    parameters: () => pairwiseParameters,
    reference: { zv: 'imageVector', zt: 'textVector', s: 'sg.scale', b: 'sg.bias' },
    value: ({ imageVector: image, textVector: text, batch: { groups }, parameters }) =>
      pairwiseContrast({ image, text, logScale: parameters['sg.scale']!, bias: parameters['sg.bias']!, ...(groups ? { groups } : {}) }),
  }),
  defineLoss({
    key: 'lab',
    symbol: 'L_Lab',
    title: 'label supervision (images by what reports say)',
    unit: 'study',
    scope: 'study',
    stages: [0, 2],
    defaultWeight: 0,
    needs: ['imageGlobal'],
    fields: () => ['labels', 'labels_mask'],
    parameters({ vision, labels }) {
      if (!labels) throw new HybridmedError('createModel: label supervision needs "labels"; give their columns and log odds');
      return labelParameters(vision.width, labels.logOdds);
    },
    reference: { global: 'imageGlobal', weight: 'lab.weight', bias: 'lab.bias', labels: 'labels', mask: 'labels_mask' },
    value: ({ imageGlobal: image, batch: { labels, labels_mask: mask }, parameters }) =>
      labelSupervision({ image, weight: parameters['lab.weight']!, bias: parameters['lab.bias']!, labels: labels!, mask: mask! }),
  }),
] as const;

/** Name of one loss. */
export type LossName = (typeof table)[number]['key'];

/** Every loss. */
export const lossRows: readonly LossRow<LossName>[] = table;

/** Names of the losses in the order of the method. */
export const lossNames: readonly LossName[] = table.map(({ key }) => key);

/** Weights of stage 2's losses; one that is missing is 0, which leaves the loss out of the graph. */
export type LossWeights = Readonly<Partial<Record<LossName, number>>>;

/** The paper's weights: 1, 1, 1, 2, 1; losses beyond the paper have 0. */
export const defaultWeights: Readonly<Record<LossName, number>> = Object.fromEntries(table.map(({ key, defaultWeight }) => [key, defaultWeight])) as Record<
  LossName,
  number
>;
