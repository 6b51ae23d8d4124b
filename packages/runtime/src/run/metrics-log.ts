// metrics.jsonl: a line per step and per validation, appended; cut back to what a checkpoint knows when a run is resumed.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { StepLine, ValidationLine } from '@hybridmed/training';
import { describeError, writeFileAtomic } from '../files.ts';

/** A run's metrics file. */
export class MetricsLog {
  readonly path: string;
  #lines = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** Lines written so far. */
  get lines(): number {
    return this.#lines;
  }

  /** Cuts the file to its first `lines` lines; a new file where there is none. Returns these lines. */
  async start(lines: number): Promise<(StepLine | ValidationLine)[]> {
    const text = existsSync(this.path) ? readFileSync(this.path, 'utf8') : '';
    const keptLines = text.split('\n').filter(Boolean).slice(0, lines);
    await writeFileAtomic(this.path, [keptLines.map((line) => `${line}\n`).join('')]);
    this.#lines = keptLines.length;
    return keptLines.map((line) => JSON.parse(line) as StepLine | ValidationLine);
  }

  append(line: StepLine | ValidationLine): void {
    try {
      appendFileSync(this.path, `${JSON.stringify(line)}\n`);
    } catch (error) {
      throw describeError(this.path, error);
    }
    this.#lines++;
  }
}
