// Evaluates a checkpoint on a split: losses, texts beside baselines, retrieval, zero-shot classification, labels.
import type { Loader, SelectOptions, Study } from '@hybridmed/data';
import { openDataSet, readableStudies } from '@hybridmed/data';
import { bootstrap, mostFrequent, nearestTexts, normalizeForComparison, textIntervals, textScores } from '@hybridmed/eval';
import type { Branch } from '@hybridmed/model';
import type { CheckpointEncoders } from '@hybridmed/runtime';
import { isExported } from '@hybridmed/runtime';
import { hashIds } from '@hybridmed/runtime/run';
import type { Device, HostArrays } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import { exportedSubject } from './evaluated-export.ts';
import type { Subject } from './evaluated-model.ts';
import { checkpointSubject } from './evaluated-model.ts';
import { labelAgreement } from './labels.ts';
import { shuffledFilms } from './permute-images.ts';
import { zeroShotTasks } from './prompts.ts';
import type { EvaluationReport, Example, TextRow, TextTable } from './report.ts';
import { distinctImpressions, neighbours, retrievalTable, zeroShotRow } from './retrieval.ts';
import type { StudyLosses } from './study-losses.ts';
import { perToken } from './study-losses.ts';

/** What to evaluate, on what. */
export interface EvaluateOptions {
  /** A checkpoint, a run's folder, or an exported folder. */
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
  /** Threads of ONNX Runtime for an exported folder. */
  readonly threads?: number;
  readonly onMessage?: (text: string) => void;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

async function write(subject: Subject, branch: Branch, loader: Loader): Promise<string[]> {
  const generator = await subject.generator(branch);
  const texts: string[] = [];
  const add = async (inputs: HostArrays) => {
    for (const { ids } of await generator.generate(inputs)) texts.push(subject.tokenizer.decode(ids));
  };
  if (branch === 'image') for await (const { arrays } of loader.batches()) await add({ image: arrays.image });
  else for (const { arrays } of loader.texts(32)) await add({ findings: arrays.findings, findings_mask: arrays.findings_mask });
  return texts;
}

async function losses(
  subject: Subject,
  loader: Loader,
): Promise<Pick<EvaluationReport, 'losses' | 'captioning' | 'perToken'> & { byStudy: Pick<Example, 'loss'>[] }> {
  const own = await subject.losses(loader);
  const count = loader.studies.length;
  const interval = (of: StudyLosses) => bootstrap(count, (indices) => perToken(of, indices));
  const findings = await subject.studyLosses('findings', loader);
  const loss = (i: number) => ({ findings: findings.nats[i]!, tokens: findings.tokens[i]! });
  if (!subject.sees) return { losses: own, perToken: { findings: interval(findings) }, byStudy: loader.studies.map((_, i) => ({ loss: loss(i) })) };
  const image = await subject.studyLosses('image', loader);
  const other = subject.loader(shuffledFilms(loader.studies));
  const otherFilm = await subject.studyLosses('image', other);
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

async function alignment(
  subject: Subject,
  loader: Loader,
): Promise<Pick<EvaluationReport, 'retrieval' | 'zeroShot' | 'meanAuc'> & { byStudy: Pick<Example, 'rank' | 'nearest' | 'nearestFilms' | 'zeroShot'>[] }> {
  const { studies } = loader;
  const images = await subject.embedImages(loader);
  const { texts, own } = distinctImpressions(studies);
  const gallery = await subject.embedTexts(texts);
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
    const [positive, negative] = [await subject.embedTexts(task.prompts.positive), await subject.embedTexts(task.prompts.negative)];
    const { row, answered } = zeroShotRow(task, studies, images, positive, negative);
    zeroShot.push(row);
    for (const { study, ...answer } of answered) answers[study]![task.name] = answer;
  }
  const known = zeroShot.flatMap(({ auc }) => (auc === null ? [] : [auc.value]));
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
  threads,
  onMessage = () => undefined,
}: EvaluateOptions): Promise<EvaluationReport> {
  const subject = isExported(path) ? await exportedSubject(path, device, { threads }) : await checkpointSubject(path, device, encoders);
  const data = await openDataSet(spec, { ...select, need: 'pairs' });
  const held = data.studies.filter((study) => study.split === split);
  const { studies, unreadable } = await readableStudies(limit > 0 ? held.slice(0, limit) : held);
  for (const line of unreadable) onMessage(`left out: ${line}`);
  // Findings repeat word for word: which of equals is nearest must not depend on how a data set lists its studies.
  const train = data.studies.filter((study) => study.split === 'train').toSorted((a, b) => compare(a.report, b.report) || compare(a.image, b.image));
  if (studies.length === 0) throw new HybridmedError(`${spec}: no readable studies in the split "${split}"; name another with --split`);
  if (train.length === 0) throw new HybridmedError(`${spec}: no training studies, which the baselines need; add some`);
  const loader = subject.loader(studies);
  try {
    onMessage(`losses of ${studies.length} studies`);
    const { byStudy: lossesByStudy, ...measured } = await losses(subject, loader);
    const { sees } = subject;
    onMessage('writing impressions');
    const [image, findings] = [sees ? await write(subject, 'image', loader) : undefined, await write(subject, 'findings', loader)];
    onMessage('retrieval and zero-shot classification');
    const { byStudy: alignedByStudy, ...aligned } = sees ? await alignment(subject, loader) : { zeroShot: [], byStudy: [] };
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
      checkpoint: subject.folder,
      data: spec,
      split,
      studies: studies.length,
      device: subject.device,
      inputs: { checkpoint: subject.hash, studies: hashIds(studies) },
      ...measured,
      text,
      ...aligned,
      ...(labels ? { labels } : {}),
      examples,
    };
  } finally {
    await loader.close();
    await subject.close();
  }
}
