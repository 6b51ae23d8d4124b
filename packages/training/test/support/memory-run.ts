// Training's contracts in memory, as a page has them: studies, log and checkpoints are plain arrays; no file, no thread, no Node.
import { padRows } from '@hybridmed/data/browser';
import type { StudyArrays, TextArrays } from '@hybridmed/data/browser';
import type { Model } from '@hybridmed/model';
import { createModel } from '@hybridmed/model';
import type { Communicator } from '@hybridmed/ranks';
import { alone } from '@hybridmed/ranks';
import type { Device, HostArray } from '@hybridmed/tensor';
import { uniformAt } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';
import { trainWordPiece } from '@hybridmed/text';
import type {
  Clock,
  LabelArrays,
  RunEvents,
  RunStore,
  SkippedStudy,
  StageSnapshot,
  StepLine,
  StudySource,
  TrainingRun,
  ValidationLine,
} from '@hybridmed/training';
import type { TrainingConfig } from '@hybridmed/training/settings';
import { completeTraining } from '@hybridmed/training/settings';

/** A study: grey levels in [-1, 1], row by row, and its texts. */
export interface MemoryStudy {
  readonly image: Float32Array;
  readonly findings: string;
  readonly impression: string;
}

const imageSize = 16;
const sides = ['left', 'right'];
const degrees = ['small', 'moderate', 'large'];

/** Studies of one finding each, its side and degree drawn into the image and written in the texts. */
export const memoryStudies = (count: number): MemoryStudy[] =>
  Array.from({ length: count }, (_, i) => {
    const [side, degree] = [sides[i % 2]!, degrees[i % 3]!];
    const image = Float32Array.from({ length: imageSize * imageSize }, (_pixel, at) => {
      const inside = at % imageSize < imageSize / 2 === (side === 'left') && Math.floor(at / imageSize) > 12 - 3 * (i % 3);
      return (inside ? 0.5 : -0.5) + 0.1 * uniformAt([i, 0], 0, at);
    });
    return { image, findings: `There is a ${degree} ${side} pleural effusion.`, impression: `${degree} ${side} effusion.` };
  });

/** Fields of some studies' texts, each padded to the longest. */
function textArrays(studies: readonly MemoryStudy[], tokenizer: Tokenizer): TextArrays {
  const { pad } = tokenizer.special;
  const impressions = studies.map(({ impression }) => tokenizer.encode(impression));
  const shifted = (from: number, to?: number) =>
    padRows(
      impressions.map((ids) => ids.slice(from, to)),
      pad,
    );
  const [findings, impression, input, target] = [
    padRows(
      studies.map((study) => tokenizer.encode(study.findings)),
      pad,
    ),
    padRows(impressions, pad),
    shifted(0, -1),
    shifted(1),
  ];
  const groups = studies.map((study) => studies.findIndex((other) => other.impression === study.impression));
  return {
    findings: findings.ids,
    findings_mask: findings.mask,
    impression: impression.ids,
    impression_mask: impression.mask,
    input: input.ids,
    target: target.ids,
    target_mask: target.mask,
    groups: { data: Int32Array.from(groups), shape: [studies.length] },
  };
}

/** Texts of studies, and images of those in some rows, each a fainter copy the greater its number. */
function studyArrays(studies: readonly MemoryStudy[], tokenizer: Tokenizer, rows: readonly number[], copies: readonly number[] = []): StudyArrays {
  const pixels = imageSize * imageSize;
  const data = new Float32Array(rows.length * pixels);
  rows.forEach((row, at) =>
    data.set(
      studies[row]!.image.map((level) => level * (1 - 0.1 * (copies[row] ?? 0))),
      at * pixels,
    ),
  );
  return { image: { data, shape: [rows.length, 1, imageSize, imageSize] }, ...textArrays(studies, tokenizer) };
}

/** How a source's studies come: studies of a step, its passes, and the ranks that share them. */
interface MemorySourceOptions {
  readonly batchSize: number;
  readonly train: boolean;
  readonly passes?: number;
  readonly ranks?: Communicator;
  /** Studies whose images cannot be read. */
  readonly unreadable?: ReadonlySet<number>;
  /** Whether studies are labelled. */
  readonly labelled?: boolean;
  /** Hears of how many images a batch is read. */
  onRead?(images: number): void;
}

/** Labels of a study: on which side its finding is, and how large it is, which is not known of every fifth. */
const labels = { columns: ['report: left', 'report: large'], logOdds: [0, -0.7], doubtful: 'mask' } as const;

function labelArrays(studies: readonly MemoryStudy[]): LabelArrays {
  const rows = (of: (study: MemoryStudy) => readonly number[]) => ({ data: Float32Array.from(studies.flatMap(of)), shape: [studies.length, 2] });
  return {
    labels: rows(({ impression }) => [Number(impression.includes('left')), Number(impression.includes('large'))]),
    labels_mask: rows(({ image }) => [1, image[0]! > 0.4 ? 0 : 1]),
  };
}

/** A source of studies held in memory. In training, an epoch's order is a function of its number, and a rank gets its passes of each step. */
export function memorySource(
  studies: readonly MemoryStudy[],
  tokenizer: Tokenizer,
  { batchSize, train, passes = 1, ranks = alone, unreadable = new Set(), labelled = false, onRead = () => undefined }: MemorySourceOptions,
): StudySource {
  const ownOf = (batch: readonly number[]): number[] => batch.filter((_, row) => Math.floor((row * passes) / batchSize) % ranks.size === ranks.rank);
  const inOrder = Array.from(studies.keys());
  const orderOf = (epoch: number): number[] => {
    const draws = inOrder.map((i) => uniformAt([epoch, 1], 0, i));
    return inOrder.toSorted((a, b) => draws[a]! - draws[b]!);
  };
  const chunks = (order: readonly number[], size: number): number[][] =>
    Array.from({ length: Math.ceil(order.length / size) }, (_, i) => order.slice(i * size, (i + 1) * size));
  const rows = (indices: readonly number[]): MemoryStudy[] => indices.map((i) => studies[i]!);
  const stepsFrom = ({ epoch = 0, startStep = 0 }): number[][] => {
    const batches = chunks(train ? orderOf(epoch) : inOrder, batchSize).filter((batch) => !train || batch.length === batchSize);
    return (train ? batches.map(ownOf) : batches.filter((_, number) => number % ranks.size === ranks.rank)).slice(startStep);
  };
  return {
    size: studies.length,
    stepsPerEpoch: Math.floor(studies.length / batchSize),
    idOf: (study) => `study ${study}`,
    async *batches({ leftOut = new Set<number>(), texts: withTexts = true, ...range } = {}) {
      const { crops = 0, known: ask, epoch = 0 } = range;
      for (const step of stepsFrom(range)) {
        const bad = step.filter((study) => !leftOut.has(study) && unreadable.has(study));
        const readable = (study: number) => !leftOut.has(study) && !unreadable.has(study);
        // Stand-ins come from the same pass, which is of one rank: whoever reads it finds the same ones.
        const passSize = train ? batchSize / passes : step.length;
        const indices = chunks(step, passSize).flatMap((pass) => pass.map((_, place) => [...pass.slice(place), ...pass].find(readable)!));
        const reasons = bad.map((study) => ({ study, reason: `study-${study}.png: cannot be read` }));
        const copies = train && crops === 0 ? undefined : indices.map((study) => (train ? (study + epoch) % crops : 0));
        const known = copies && ask && (await Promise.all(indices.map((study, i) => ask(study, copies[i]!))));
        const read = [...indices.keys()].filter((row) => !known?.[row]);
        onRead(read.length);
        const { image, ...texts } = studyArrays(rows(indices), tokenizer, read, copies);
        const arrays = { image, ...(withTexts ? texts : {}), ...(labelled ? labelArrays(rows(indices)) : {}) };
        yield { arrays, studies: indices, ...(copies && { copies }), ...(known && { known }), ...(reasons.length > 0 ? { unreadable: reasons } : {}) };
      }
    },
    *textBatches(range = {}) {
      for (const indices of stepsFrom(range)) yield { arrays: textArrays(rows(indices), tokenizer), studies: indices };
    },
    *texts(size) {
      for (const indices of chunks(inOrder, size)) yield { arrays: textArrays(rows(indices), tokenizer), studies: indices };
    },
    recycle: () => undefined,
    close: () => Promise.resolve(),
  };
}

/** A store in memory, and what it holds. */
export interface MemoryStore extends RunStore {
  readonly log: (StepLine | ValidationLine)[];
  readonly skipped: SkippedStudy[];
  /** By stage and kind, as in `2-best`. */
  readonly checkpoints: ReadonlyMap<string, StageSnapshot>;
}

/** An empty store. A run that finds a last checkpoint in it resumes there. */
export function memoryStore(): MemoryStore {
  const log: (StepLine | ValidationLine)[] = [];
  const checkpoints = new Map<string, StageSnapshot>();
  const skipped: SkippedStudy[] = [];
  return {
    log,
    skipped,
    checkpoints,
    best: (stage) => {
      const best = checkpoints.get(`${stage}-best`);
      return Promise.resolve(best && { file: `stage ${stage}`, parameters: best.parameters });
    },
    resumePoint(stage) {
      const last = checkpoints.get(`${stage}-last`);
      if (!last?.trainer || !last.optimizer) return Promise.resolve(undefined);
      const { parameters, optimizer, trainer } = last;
      return Promise.resolve({ parameters, optimizer: optimizer as Record<string, HostArray>, trainer });
    },
    linesBefore: (stage) =>
      Promise.resolve(Math.max(0, ...Array.from({ length: stage }, (_, earlier) => checkpoints.get(`${earlier}-last`)?.trainer?.metricsLines ?? 0))),
    begin({ metricsLines }) {
      log.length = metricsLines;
      return Promise.resolve();
    },
    noteSkipped: (study) => skipped.push(study),
    append: (line) => log.push(line),
    save(stage, kind, snapshot) {
      const [last, confirmed] = [checkpoints.get(`${stage}-last`), `${stage}-confirmed`];
      if (kind === 'last' && last && !checkpoints.has(confirmed)) checkpoints.set(confirmed, last);
      checkpoints.set(`${stage}-${kind}`, structuredClone(snapshot));
      return Promise.resolve();
    },
    confirmLast: (stage) => Promise.resolve(void checkpoints.delete(`${stage}-confirmed`)),
    rejectLast(stage) {
      const confirmed = checkpoints.get(`${stage}-confirmed`);
      checkpoints.delete(`${stage}-confirmed`);
      if (confirmed) checkpoints.set(`${stage}-last`, confirmed);
      else checkpoints.delete(`${stage}-last`);
      return Promise.resolve(confirmed?.trainer?.step);
    },
  };
}

/** A clock that goes on by a millisecond whenever it is read. */
export function countingClock(): Clock {
  let milliseconds = 0;
  return { now: () => ++milliseconds };
}

const texts = memoryStudies(6).flatMap(({ findings, impression }) => [findings, impression]);
const tokenizer = trainWordPiece(texts, { size: 60, minFrequency: 1 });
const { vocabularySize } = tokenizer;

const smallModel = (labelled: boolean, headDropout = 0): Model =>
  createModel({
    vision: { kind: 'vit', imageSize, patch: 8, channels: 1, width: 12, depth: 1, heads: 2 },
    text: { vocabularySize, width: 12, depth: 1, heads: 2, ffn: 24, positions: 24 },
    align: 8,
    decoder: { vocabularySize, width: 12, depth: 1, heads: 2, positions: 24 },
    special: tokenizer.special,
    ...(labelled ? { losses: ['lab'], labels, headDropout } : {}),
  });

/** A run of two epochs of two steps a stage, of studies that are `labelled` with a stage 0, on studies and in a store in memory; of `passes` passes a step of `batchSize` studies, which ranks may share. */
export function memoryRun(
  device: Device,
  store: RunStore,
  events: RunEvents = {},
  {
    passes = 1,
    ranks = alone,
    count = 9,
    batchSize = 4,
    unreadable = new Set<number>(),
    labelled = false,
    settings = {},
    onRead = () => undefined,
  }: {
    passes?: number;
    ranks?: Communicator;
    count?: number;
    batchSize?: number;
    unreadable?: ReadonlySet<number>;
    labelled?: boolean;
    settings?: Partial<TrainingConfig>;
    onRead?(images: number): void;
  } = {},
): TrainingRun {
  const config = completeTraining({
    preset: 'tiny',
    epochs: labelled ? [2, 2, 2] : [2, 2],
    batch: batchSize / passes,
    accumulate: passes,
    dropout: 0.1,
    learningRate: 1e-2,
    checkpointEvery: 1,
    ...settings,
  });
  const studies = memoryStudies(count + 3);
  return {
    config,
    device,
    model: smallModel(labelled, settings.headDropout),
    train: memorySource(studies.slice(0, count), tokenizer, { batchSize, train: true, passes, ranks, unreadable, labelled, onRead }),
    validation: memorySource(studies.slice(count), tokenizer, { batchSize: 2, train: false, ranks, labelled, onRead }),
    store,
    ranks,
    clock: countingClock(),
    events,
    encoderValues: () => Promise.resolve({}),
  };
}
