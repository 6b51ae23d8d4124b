// The schema of provenance.json: a run's folder may come from a stranger, and what it holds is shown and compared.
import { stageNumbers } from '@hybridmed/model/objective';
import { z } from 'zod';

const count = z.int().min(0);
const text = z.string().max(4096);
const perSplit = <T extends z.ZodType>(value: T) => z.looseObject({ train: value, validate: value, test: value });

const stage = z.literal(stageNumbers);

const data = z.looseObject({
  name: text,
  spec: text,
  splits: perSplit(z.looseObject({ studies: count, reports: count, ids: text })),
  dropped: z.record(text, count),
  skipped: z
    .array(z.looseObject({ id: text, reason: text, stage, epoch: count, step: count }))
    .max(1e6)
    .optional(),
  identity: perSplit(z.looseObject({ studies: count, order: text, texts: text, images: text })).optional(),
});

const change = z.looseObject({ setting: text, from: z.json(), to: z.json(), stage, step: count });

const session = z.looseObject({
  started: text,
  ended: text,
  device: text,
  version: text,
  data: data.optional(),
  sources: z.record(text, text).optional(),
  hub: z.record(text, z.looseObject({ name: text, commit: text })).optional(),
  changes: z.array(change).optional(),
  assumed: z.array(text).optional(),
  images: text.optional(),
});

const likelihoodRatio = z.looseObject({
  chosen: text,
  version: text,
  checkpoint: text,
  weights: text,
  data: text,
  studies: count,
  ids: text,
  weight: z.number(),
  threshold: z.number(),
});

/** What provenance.json must hold; other keys are kept. */
export const provenanceSchema = z.looseObject({ data, sessions: z.array(session).max(1e6), likelihoodRatios: z.array(likelihoodRatio).max(1e6).optional() });
