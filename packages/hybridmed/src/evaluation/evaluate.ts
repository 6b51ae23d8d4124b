// Evaluates a checkpoint on a split: losses, texts beside baselines, retrieval, zero-shot classification, labels.
import type { Loader, SelectOptions, Study } from '@hybridmed/data';
import { openDataSet, readableStudies } from '@hybridmed/data';
import { bootstrap, mostFrequent, nearestTexts, normalizeForComparison, textIntervals, textScores } from '@hybridmed/eval';
import type { Device, DeviceState, HostArray, HostArrays } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import { createGenerator } from '../generation/generator.ts';
import { defaultWeights } from '../model/config.ts';
import type { Branch } from '../model/model.ts';
import type { CheckpointEncoders } from '../node/checkpoint-encoders.ts';
import type { Checkpoint } from '../node/checkpoint.ts';
import { hashParameters, loadCheckpoint, resolveCheckpoint } from '../node/checkpoint.ts';
import { modelLoader } from '../node/model-loader.ts';
import { hashIds } from '../node/provenance.ts';
import { validate } from '../node/validate.ts';
import type { StagePlan } from '../stages/graphs.ts';
import { validationGraph } from '../stages/graphs.ts';
import { embedImages, embedTexts } from './embeddings.ts';
import { labelAgreement } from './labels.ts';
import { zeroShotTasks } from './prompts.ts';
import type { EvaluationReport, Example, TextRow, TextTable } from './report.ts';
import { distinctImpressions, neighbours, retrievalTable, zeroShotRow } from './retrieval.ts';
import { shuffledFilms } from './shuffled.ts';
import type { StudyLosses } from './study-losses.ts';
import { perToken, studyLosses } from './study-losses.ts';

/** What to evaluate, on what. */
export interface EvaluateOptions {
  /** A checkpoint, or a run's folder. */
  readonly checkpoint: string;
  readonly data: string;
  readonly split?: Study['split'];
  /** Greatest number of studies; 0 for all. */
  readonly limit?: number;
  /** What is taken of the data set: frontal views by default. */
  readonly select?: SelectOptions;
  readonly device: Device;
  /** Modules of the checkpoint's encoders, where they are modules'. */
  readonly encoders?: CheckpointEncoders;
  readonly onMessage?: (text: string) => void;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

interface Context {
  readonly checkpoint: Checkpoint;
  readonly device: Device;
  readonly state: DeviceState;
  readonly loader: Loader;
}

const planOf = ({ config }: Checkpoint): StagePlan =>
  config.stage === 1 ? { stage: 1 } : { stage: 2, teacher: 'live', weights: defaultWeights, temperature: 1, tau: 0.1, duplicates: 'positives' };

const loaderOf = ({ config, model, tokenizer }: Checkpoint, studies: readonly Study[]): Loader =>
  modelLoader({ vision: model.vision, input: config.input }, { studies, tokenizer, batchSize: 32, train: false });

async function write({ checkpoint, device, state, loader }: Context, branch: Branch): Promise<string[]> {
  const { model, config, tokenizer } = checkpoint;
  const generator = await createGenerator(device, state, model, branch, { maxTokens: Math.min(config.input.impressionLength, model.decoder.config.positions) });
  const texts: string[] = [];
  const add = async (arrays: Readonly<Record<string, unknown>>) => {
    const inputs: HostArrays =
      branch === 'image' ? { image: arrays.image as HostArray } : { findings: arrays.findings as HostArray, findings_mask: arrays.findings_mask as HostArray };
    for (const { ids } of await generator.generate(inputs)) texts.push(tokenizer.decode(ids));
  };
  if (branch === 'image') for await (const { arrays } of loader.batches()) await add(arrays);
  else for (const { arrays } of loader.texts(32)) await add(arrays);
  return texts;
}

async function losses(context: Context): Promise<Pick<EvaluationReport, 'losses' | 'captioning' | 'perToken'> & { byStudy: Pick<Example, 'loss'>[] }> {
  const { checkpoint, device, state, loader } = context;
  const { model, config } = checkpoint;
  const program = await device.compile(validationGraph(model, planOf(checkpoint)));
  const { losses: own } = await validate(program, state, loader);
  program.release?.();
  const count = loader.studies.length;
  const interval = (of: StudyLosses) => bootstrap(count, (indices) => perToken(of, indices));
  const findings = await studyLosses(device, state, model, 'findings', loader);
  const loss = (i: number) => ({ findings: findings.nats[i]!, tokens: findings.tokens[i]! });
  if (config.stage === 1) return { losses: own, perToken: { findings: interval(findings) }, byStudy: loader.studies.map((_, i) => ({ loss: loss(i) })) };
  const image = await studyLosses(device, state, model, 'image', loader);
  const other = loaderOf(checkpoint, shuffledFilms(loader.studies));
  const otherFilm = await studyLosses(device, state, model, 'image', other);
  await other.close();
  const all = Array.from(loader.studies.keys());
  return {
    losses: own,
    captioning: {
      perToken: perToken(image, all),
      shuffledPerToken: perToken(otherFilm, all),
      shuffled: otherFilm.nats.reduce((a, b) => a + b, 0) / count,
      difference: bootstrap(count, (indices) => perToken(otherFilm, indices) - perToken(image, indices)),
    },
    perToken: { image: interval(image), findings: interval(findings) },
    byStudy: all.map((i) => ({ loss: { ...loss(i), image: image.nats[i]!, otherFilm: otherFilm.nats[i]! } })),
  };
}

async function alignment({
  checkpoint,
  device,
  state,
  loader,
}: Context): Promise<
  Pick<EvaluationReport, 'retrieval' | 'zeroShot' | 'meanAuc'> & { byStudy: Pick<Example, 'rank' | 'nearest' | 'nearestFilms' | 'zeroShot'>[] }
> {
  const { studies } = loader;
  const images = await embedImages(device, state, checkpoint, loader);
  const { texts, own } = distinctImpressions(studies);
  const gallery = await embedTexts(device, state, checkpoint, texts);
  const { table: retrieval, found } = retrievalTable(images, gallery, own);
  const near = neighbours(
    images,
    gallery,
    texts,
    own,
    studies.map(({ id }) => id),
  );
  const zeroShot = [];
  const answers: Record<string, { truth: 0 | 1; score: number }>[] = studies.map(() => ({}));
  for (const task of zeroShotTasks(studies)) {
    const [positive, negative] = [
      await embedTexts(device, state, checkpoint, task.prompts.positive),
      await embedTexts(device, state, checkpoint, task.prompts.negative),
    ];
    const { row, answered } = zeroShotRow(task, studies, images, positive, negative);
    zeroShot.push(row);
    for (const { study, ...answer } of answered) answers[study]![task.name] = answer;
  }
  const known = zeroShot.map(({ auc }) => auc.value).filter((value) => !Number.isNaN(value));
  return {
    retrieval,
    zeroShot,
    ...(known.length > 0 ? { meanAuc: known.reduce((a, b) => a + b, 0) / known.length } : {}),
    byStudy: found.map((place, i) => ({ rank: place + 1, ...near[i]!, zeroShot: answers[i]! })),
  };
}

/** Evaluates. Throws one line for a missing checkpoint, a data set without the split, or unreadable files. */
export async function evaluate({
  checkpoint: path,
  data: spec,
  split = 'test',
  limit = 0,
  select = {},
  device,
  encoders = {},
  onMessage = () => undefined,
}: EvaluateOptions): Promise<EvaluationReport> {
  const folder = await resolveCheckpoint(path);
  const checkpoint = await loadCheckpoint(folder, encoders);
  const data = await openDataSet(spec, { ...select, need: 'pairs' });
  const held = data.studies.filter((study) => study.split === split);
  const { studies, unreadable } = await readableStudies(limit > 0 ? held.slice(0, limit) : held);
  for (const line of unreadable) onMessage(`left out: ${line}`);
  // Findings repeat word for word: which of equals is nearest must not depend on how a data set lists its studies.
  const train = data.studies.filter((study) => study.split === 'train').toSorted((a, b) => compare(a.report, b.report) || compare(a.image, b.image));
  if (studies.length === 0) throw new HybridmedError(`${spec}: no readable studies in the split "${split}"; name another with --split`);
  if (train.length === 0) throw new HybridmedError(`${spec}: no training studies, which the baselines need; add some`);
  const context: Context = { checkpoint, device, state: device.createState(checkpoint.parameters), loader: loaderOf(checkpoint, studies) };
  try {
    onMessage(`losses of ${studies.length} studies`);
    const { byStudy: lossesByStudy, ...measured } = await losses(context);
    const sees = checkpoint.config.stage === 2;
    onMessage('writing impressions');
    const [image, findings] = [sees ? await write(context, 'image') : undefined, await write(context, 'findings')];
    onMessage('retrieval and zero-shot classification');
    const { byStudy: alignedByStudy, ...aligned } = sees ? await alignment(context) : { zeroShot: [], byStudy: [] };
    const truth = studies.map(({ impression }) => impression);
    const frequent = studies.map(() => mostFrequent(train.map(({ impression }) => normalizeForComparison(impression))));
    const nearest = nearestTexts(
      studies.map((s) => s.findings),
      train.map((s) => s.findings),
    ).map((i) => train[i]!.impression);
    const row = (texts: readonly string[]): TextRow => ({ ...textScores(texts, truth), intervals: textIntervals(texts, truth) });
    const text: TextTable = { ...(image ? { image: row(image) } : {}), findings: row(findings), mostFrequent: row(frequent), nearestFindings: row(nearest) };
    const { table: labels, byStudy: labelsByStudy } = labelAgreement(studies, { image, findings, mostFrequent: frequent, nearestFindings: nearest });
    const examples: Example[] = studies.map(({ id, impression }, i) => ({
      id,
      truth: impression,
      ...(image ? { image: image[i]! } : {}),
      findings: findings[i]!,
      ...lossesByStudy[i]!,
      ...labelsByStudy[i],
      ...alignedByStudy[i],
    }));
    return {
      checkpoint: folder,
      data: spec,
      split,
      studies: studies.length,
      device: device.info.name,
      inputs: { checkpoint: await hashParameters(folder), studies: hashIds(studies) },
      ...measured,
      text,
      ...aligned,
      ...(labels ? { labels } : {}),
      examples,
    };
  } finally {
    context.state.drop();
    await context.loader.close();
  }
}
