// metrics.jsonl: a line per step and per validation, appended; cut back to what a checkpoint knows when a run is resumed.
import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, readFileSync } from 'node:fs';
import type { StepLine, TrainerState, ValidationLine } from '@hybridmed/training';
import { describeError, writeFileAtomic } from '../files.ts';

/** A line of the file: `time` is when it was written, in seconds since 1970. Lines of earlier versions lack it. */
export type MetricsLine = (StepLine | ValidationLine) & { readonly time?: number };

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
