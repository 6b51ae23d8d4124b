// metrics.jsonl: a line per step and per validation, appended; cut back to what a checkpoint knows when a run is resumed.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { LossName } from '../../model/config.ts';
import { describeError, writeFileAtomic } from '../files.ts';

/** Losses by name, null where a stage does not use one. */
export type LossValues = Readonly<Record<LossName | 'total', number | null>>;

/** What every line says. */
interface Line {
  readonly stage: 1 | 2;
  readonly epoch: number;
  /** Steps done in this stage. */
  readonly step: number;
}

/** A training step. */
export interface StepLine extends Line {
  readonly lr: number;
  /** Norm of the gradients before clipping; null where the loss scale was too large for them, and the step was left out. */
  readonly gradNorm: number | null;
  /** The loss scale, in mixed precision. */
  readonly lossScale?: number;
  readonly losses: LossValues;
  readonly studiesPerSecond: number;
  readonly residentMiB: number;
}

/** A validation, losses in nats per study (sum over its tokens for sum, cap and dis). */
export interface ValidationLine extends Line {
  readonly validation: LossValues;
  /** Mean number of target tokens of a study; lines of earlier versions lack it. */
  readonly tokensPerStudy?: number;
}

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

  /** Keeps the first `lines` lines and drops the rest; a new file when there is none. Returns what is kept. */
  async start(lines: number): Promise<(StepLine | ValidationLine)[]> {
    const text = existsSync(this.path) ? readFileSync(this.path, 'utf8') : '';
    const kept = text.split('\n').filter(Boolean).slice(0, lines);
    await writeFileAtomic(this.path, [kept.map((line) => `${line}\n`).join('')]);
    this.#lines = kept.length;
    return kept.map((line) => JSON.parse(line) as StepLine | ValidationLine);
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
