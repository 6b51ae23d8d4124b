// metrics.jsonl: a line per step and per validation, appended; cut back to what a checkpoint knows when a run is resumed.
import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MetricsLine, StepLine, TrainerState, ValidationLine } from '@hybridmed/training';
import { z } from 'zod';
import { describeError, fileError, parseJson, readText, writeFileAtomic } from '../files.ts';

const losses = z.record(z.string(), z.number().nullable());
const lineSchema = z.object({
  stage: z.union([z.literal(1), z.literal(2)]),
  epoch: z.int().min(0),
  step: z.int().min(0),
  time: z.number().optional(),
});
const metricsSchema = z.union([
  lineSchema.extend({ validation: losses, tokensPerStudy: z.number().optional() }),
  lineSchema.extend({
    losses,
    lr: z.number(),
    gradNorm: z.number().nullable(),
    lossScale: z.number().optional(),
    studiesPerSecond: z.number(),
    residentMiB: z.number().optional(),
  }),
]);

// A million steps take some 400 MB.
const maxBytes = 2 ** 29;

/** The lines of a run's metrics.jsonl; none where there is no such file. Throws one line that names the file and what is no line of it. */
export async function readMetrics(run: string): Promise<MetricsLine[]> {
  const file = join(run, 'metrics.jsonl');
  if (!existsSync(file)) return [];
  const lines = (await readText(file, maxBytes, 'metrics.jsonl')).split('\n');
  return lines.flatMap((text, i) => {
    if (text.trim() === '') return [];
    const line = metricsSchema.safeParse(parseJson(`${file}: line ${i + 1}`, text));
    if (!line.success) throw fileError(`${file}: line ${i + 1}`, 'is neither a step nor a validation', 'remove the line');
    return [line.data as MetricsLine];
  });
}

/** Where a stage resumes, and how many lines were written before. */
type Resumed = Pick<TrainerState, 'stage' | 'step' | 'metricsLines'>;

/** The line that a text holds; undefined where it holds none, as after a power cut that left zeros. */
function parseLine(text: string): MetricsLine | undefined {
  try {
    const line = JSON.parse(text) as Partial<MetricsLine> | null;
    return typeof line === 'object' && line !== null && typeof line.stage === 'number' && typeof line.step === 'number' ? (line as MetricsLine) : undefined;
  } catch {
    return undefined;
  }
}

/** A run's metrics file. */
export class MetricsLog {
  readonly path: string;
  readonly #onMessage: (text: string) => void;
  #lines = 0;

  /** `onMessage` receives one line about lines that are damaged or lost. */
  constructor(path: string, onMessage: (text: string) => void = () => undefined) {
    this.path = path;
    this.#onMessage = onMessage;
  }

  /** Lines written so far. */
  get lines(): number {
    return this.#lines;
  }

  /** Cuts the file to the lines before the step where a stage resumes; a new file where there is none. Returns these lines. */
  async start({ stage, step, metricsLines }: Resumed): Promise<MetricsLine[]> {
    const text = existsSync(this.path) ? readFileSync(this.path, 'utf8') : '';
    const countedLines = text.split('\n').filter(Boolean).slice(0, metricsLines);
    const lines = countedLines.map(parseLine);
    const damaged = lines.filter((line) => line === undefined).length;
    // Where lines are lost, further ones than the checkpoint knows have taken their places.
    const keptLines = lines.filter((line): line is MetricsLine => line !== undefined && (line.stage < stage || (line.stage === stage && line.step <= step)));
    const lost = metricsLines - damaged - keptLines.length;
    if (damaged + lost > 0) {
      const parts = [...(damaged > 0 ? [`${damaged} cannot be read`] : []), ...(lost > 0 ? [`${lost} ${lost === 1 ? 'is' : 'are'} missing`] : [])];
      this.#onMessage(
        `${this.path}: of the ${metricsLines} lines written before the checkpoint ${parts.join(' and ')}; the run resumes, and the file keeps the other ${keptLines.length}`,
      );
    }
    await writeFileAtomic(this.path, [keptLines.map((line) => `${JSON.stringify(line)}\n`).join('')]);
    this.#lines = keptLines.length;
    return keptLines;
  }

  /** Appends a line; returns it with its time. */
  append(line: StepLine | ValidationLine): MetricsLine {
    const timed = { ...line, time: Date.now() / 1000 };
    try {
      appendFileSync(this.path, `${JSON.stringify(timed)}\n`);
    } catch (error) {
      throw describeError(this.path, error);
    }
    this.#lines++;
    return timed;
  }

  /** Has the disk hold every line, before a checkpoint counts them. */
  flush(): void {
    if (!existsSync(this.path)) return;
    try {
      const file = openSync(this.path, 'r+');
      try {
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      throw describeError(this.path, error);
    }
  }
}
