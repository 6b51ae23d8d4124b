// An evaluation in parts: each measures its share of the studies, and the report of all is made as that of one process is.
import type { LikelihoodRatio } from '@hybridmed/model';
import type { Part, PartEntry, Parts } from '@hybridmed/runtime/parts';
import { readLists, shareOf, writePart } from '@hybridmed/runtime/parts';
import { hashIds } from '@hybridmed/runtime/run';
import type { Device } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import { z } from 'zod';
import type { PublishedMetricsOptions } from '../text-metrics/published-metrics.ts';
import { openPublishedMetrics } from '../text-metrics/published-metrics.ts';
import { assembleReport } from './assemble.ts';
import { judgesImages } from './evaluation-plan.ts';
import type { MeasuredOptions } from './evaluate.ts';
import { measureShare } from './evaluate.ts';
import type { EvaluatedStudies, StudyOptions } from './evaluated-studies.ts';
import { openStudies } from './evaluated-studies.ts';
import type { EvaluatedModel, Measurements } from './measurements.ts';
import type { EvaluationReport } from './report.ts';

/** The command's name in parts. */
export const evaluateCommand = 'evaluate';

const natsPiece = { nats: z.instanceof(Float64Array), tokens: z.instanceof(Float64Array) };
const vectorPiece = z
  .object({ data: z.instanceof(Float32Array), shape: z.tuple([z.int().nonnegative(), z.int().nonnegative()]) })
  .refine(({ data, shape: [rows, width] }) => data.length === rows * width);

/** An item of each list. */
const items = {
  totals: z.array(z.number()),
  findings: z.object(natsPiece),
  image: z.object({ ...natsPiece, mismatched: z.array(z.instanceof(Float64Array)), sentences: z.instanceof(Float64Array) }),
  withoutImages: z.object(natsPiece),
  imageTexts: z.string(),
  ratioTexts: z.string(),
  findingsTexts: z.string(),
  imageVectors: vectorPiece,
  encoderVectors: vectorPiece,
  impressionVectors: vectorPiece,
  promptVectors: vectorPiece,
} satisfies Record<keyof Measurements, z.ZodType>;

const lists = Object.keys(items) as (keyof Measurements)[];

const factsSchema = z.object({
  model: z.object({
    checkpoint: z.string(),
    stage: z.int(),
    readsImages: z.boolean(),
    labels: z.looseObject({ columns: z.array(z.string()) }).optional(),
    lossParameters: z.record(z.string(), z.object({ shape: z.array(z.int()), values: z.array(z.number()) })).optional(),
    device: z.string(),
    weights: z.string(),
  }),
  options: z.looseObject({ data: z.string() }),
  published: z.looseObject({}),
  studies: z.record(z.string(), z.string()),
  leftOut: z.array(z.string()),
  ratio: z.looseObject({ candidates: z.array(z.looseObject({ text: z.string() })) }).optional(),
});

/** What the studies are known by: ids in order, and what they say. */
const identityOf = ({ studies, train }: EvaluatedStudies): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries({ evaluated: studies, train }).map(([name, of]) => [
      name,
      hashIds(of.map((study) => ({ ...study, id: JSON.stringify([study.id, study.findings, study.impression, study.labels, study.tags]) }))),
    ]),
  );

/** Where a part goes, and which metrics of published networks the merge is to compute. */
export interface EvaluationPart {
  readonly folder: string;
  readonly part: Part;
  readonly published: PublishedMetricsOptions;
}

/** Measures a part's share and gives the part's file. Throws as `evaluate` does. */
export async function writeEvaluationPart({ folder, part, published }: EvaluationPart, measured: MeasuredOptions): Promise<string> {
  const { data, split, limit, select = {} } = measured;
  const { model, of, measurements, ratio } = await measureShare(measured, (count) => shareOf(part, count));
  const { onWarning: _log, ...selection } = select;
  const options = { data, split, limit, select: selection };
  const entries = lists.flatMap((list): PartEntry[] => measurements[list].map((value) => ({ list, value })));
  const facts = { model, options, published, studies: identityOf(of), leftOut: of.leftOut, ...(ratio ? { ratio } : {}) };
  return writePart(folder, part, { command: evaluateCommand, facts }, entries);
}

/** Items that studies must have one of, or a piece that covers them. */
function checkCounts(measurements: Measurements, { studies }: EvaluatedStudies, model: EvaluatedModel): void {
  const counts: Readonly<Record<string, number>> = {
    findings: measurements.findings.reduce((sum, { nats }) => sum + nats.length, 0),
    findingsTexts: measurements.findingsTexts.length,
    ...(judgesImages(model)
      ? {
          image: measurements.image.reduce((sum, { nats }) => sum + nats.length, 0),
          imageTexts: measurements.imageTexts.length,
          imageVectors: measurements.imageVectors.reduce((sum, { shape }) => sum + shape[0]!, 0),
        }
      : {}),
  };
  const wrong = Object.entries(counts).find(([, count]) => count !== studies.length);
  if (wrong) throw new HybridmedError(`the parts hold "${wrong[0]}" of ${wrong[1]} studies, not of ${studies.length}; run them again`);
}

function checkedLists(read: Readonly<Record<string, readonly unknown[]>>): Measurements {
  const parsed = lists.map((list) => {
    const { success, data } = z.array(items[list]).safeParse(read[list] ?? []);
    if (!success) throw new HybridmedError(`the parts hold something else than an evaluation writes under "${list}"; run them again`);
    return [list, data] as const;
  });
  return Object.fromEntries(parsed) as unknown as Measurements;
}

/** How the report of all parts is made; the device serves published networks, where some were asked for. */
export interface MergeEvaluationOptions {
  openDevice(): Promise<Device>;
  readonly onMessage?: (text: string) => void;
}

/** The report of all parts. Throws one line where the data set is not what they were measured on. */
export async function mergeEvaluation(parts: Parts, { openDevice, onMessage }: MergeEvaluationOptions): Promise<EvaluationReport> {
  const { success, data: facts } = factsSchema.safeParse(parts.facts);
  if (!success) throw new HybridmedError('the parts do not say what was evaluated; run them again');
  const model = facts.model as unknown as EvaluatedModel;
  const options = { ...(facts.options as unknown as StudyOptions), ...(onMessage ? { onMessage } : {}) };
  const of = await openStudies(options, facts.leftOut);
  const changed = Object.entries(identityOf(of)).find(([name, identity]) => identity !== facts.studies[name]);
  if (changed) throw new HybridmedError(`${options.data}: its ${changed[0]} studies are not those that the parts were measured on; run the parts again`);
  const measurements = checkedLists(await readLists(parts));
  checkCounts(measurements, of, model);
  const ratio = facts.ratio as unknown as LikelihoodRatio | undefined;
  if (ratio && measurements.ratioTexts.length !== of.studies.length) throw new HybridmedError('the parts lack texts by likelihood ratio; run them again');
  const measured = { model, of, measurements, ratio };
  const wanted = facts.published as PublishedMetricsOptions;
  if (wanted.bertScore === undefined && wanted.labeller === undefined)
    return assembleReport(options, measured, { of: () => Promise.resolve({}), close: () => Promise.resolve() });
  const published = await openPublishedMetrics(wanted, await openDevice());
  try {
    return await assembleReport(options, measured, published);
  } finally {
    await published.close();
  }
}
