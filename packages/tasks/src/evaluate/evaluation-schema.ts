// The schema of evaluation.json: a run's folder may come from a stranger, and what it holds is shown.
import { likelihoodRatioProblem } from '@hybridmed/model';
import { z } from 'zod';
import { requiredSystems, textSystems } from './systems.ts';

const text = z.string();
const count = z.int().min(0);
/** A number; null stands where JSON has none for it. */
const figure = z.number().nullable();
const interval = z.looseObject({ value: figure, low: figure, high: figure });

/** Figures by name, however deep. */
type Figures = number | null | Figures[] | { [key: string]: Figures };
const figures: z.ZodType<Figures> = z.lazy(() => z.union([figure, z.array(figures), z.record(text, figures)]));

/** A value for each system that is there. */
const bySystem = <T extends z.ZodType>(value: T) =>
  Object.fromEntries(textSystems.map(({ key }) => [key, requiredSystems.some((required) => required === key) ? value : value.optional()])) as Record<
    string,
    T | z.ZodOptional<T>
  >;

const scores = ['bleu1', 'bleu2', 'bleu3', 'bleu4', 'rougeL', 'cider'];
const each = <T extends z.ZodType>(names: readonly string[], value: T): Record<string, T> => Object.fromEntries(names.map((name) => [name, value]));
const textRow = z.looseObject({
  ...each(scores, figure),
  distinct: figure,
  intervals: z.looseObject(each(scores, interval)),
  overConsensus: z.looseObject(each(scores, interval)).optional(),
});
const labelRow = z.looseObject({ micro: figure, macro: figure, perLabel: z.record(text, figures) });

const truth = z.union([z.literal(0), z.literal(1)]);
const example = z.looseObject({
  id: text,
  truth: text,
  image: text.optional(),
  imageRatio: text.optional(),
  findings: text,
  loss: z.looseObject({ image: figure.optional(), mismatchedImage: figure.optional(), findings: figure, tokens: figure }),
  labels: z.looseObject({ truth: z.array(text), image: z.array(text).optional(), findings: z.array(text) }).optional(),
  normalSentences: z.looseObject({ score: figure, byData: truth.optional(), byText: truth }).optional(),
  labelHead: z.record(text, z.looseObject({ truth, score: figure })).optional(),
  rank: figure.optional(),
  nearest: z.array(z.looseObject({ impression: text, own: z.boolean(), similarity: figure })).optional(),
  nearestImages: z.array(text).optional(),
  zeroShot: z.record(text, z.looseObject({ truth, score: figure })).optional(),
});

const aucRow = { positives: count, studies: count, auc: interval.nullable(), undefined: text.optional() };

/** What the file must hold; other keys are kept. */
export const evaluationSchema = z.looseObject({
  checkpoint: text,
  data: text,
  split: text,
  studies: count,
  device: text,
  inputs: z.looseObject({ checkpoint: text, studies: text }),
  losses: z.record(text, figure),
  withoutImages: z.literal(true).optional(),
  captioning: z
    .looseObject({ ...each(['draws', 'perToken', 'shuffledPerToken', 'shuffled'], figure), difference: interval, perStudy: interval, byDraw: z.array(figure) })
    .optional(),
  normalLikelihood: z.looseObject({ sentences: z.array(text), byText: figures, byData: figures.optional() }).optional(),
  perToken: z.looseObject({ image: interval.optional(), findings: interval }),
  text: z.looseObject(bySystem(textRow)),
  likelihoodRatio: z
    .unknown()
    .refine((value) => likelihoodRatioProblem(value) === undefined, 'must be as config.json has it')
    .optional(),
  retrieval: figures.optional(),
  zeroShot: z.array(z.looseObject({ name: text, ...aucRow, supervised: z.boolean().optional() })),
  imageLabels: z.array(z.looseObject({ column: text, ...aucRow })).optional(),
  labelHead: z.array(z.looseObject({ name: text, column: text, ...aucRow })).optional(),
  staleHead: z.literal(true).optional(),
  meanAuc: figure.optional(),
  labels: z.looseObject({ source: z.enum(['labels', 'impressions']), ...bySystem(labelRow) }).optional(),
  chexbert: z.looseObject({ labeller: text }).catchall(figures).optional(),
  bertScore: z.looseObject({ encoder: text, layer: count, depth: count, idf: z.boolean() }).catchall(figures).optional(),
  examples: z.array(example),
});
