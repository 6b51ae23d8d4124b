// The state of a stage's training: what trainer.json of a checkpoint holds.
import { stageNumbers } from '@hybridmed/model/objective';
import { z } from 'zod';

const count = z.int().min(0);
/** Schema of trainer.json. */
export const trainerStateSchema = z.object({
  stage: z.literal(stageNumbers),
  epoch: count,
  stepInEpoch: count,
  step: count,
  /** The best validation: the watched loss, or CIDEr as a negative number. */
  best: z.object({ value: z.number(), epoch: count }).nullable(),
  epochsSinceBest: count,
  finished: z.boolean(),
  /** Lines of metrics.jsonl written so far. */
  metricsLines: count,
  /** Ids of training studies whose images could not be read: the next ones of their steps take their places. */
  skipped: z.array(z.string()).optional(),
});

/** The state of a stage's training: everything needed to resume with the same bits. */
export type TrainerState = Readonly<z.infer<typeof trainerStateSchema>>;
