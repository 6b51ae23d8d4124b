// Reads a suite's document back: rows as they are, and a train-step's document as a row of its own.
import { readFile } from 'node:fs/promises';
import type { Row } from './row.ts';

/** What a file holds, as far as other suites use it. */
export interface ResultDocument {
  readonly suite: string;
  readonly date?: string;
  readonly processor?: string;
  readonly cores?: number;
  readonly adapter?: string;
  readonly roofline?: { readonly gflops: number; readonly gbps: number };
  readonly versions?: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  readonly absent?: readonly { readonly engine: string; readonly kernel: string; readonly case: string; readonly pass: string; readonly reason: string }[];
}

interface StepDocument {
  readonly preset: string;
  readonly device: string;
  readonly millisecondsPerStep: number;
  readonly samples?: readonly number[];
}

const isStep = (value: object): value is StepDocument => 'preset' in value && 'device' in value && 'millisecondsPerStep' in value;

const isRow = (value: unknown): value is Row => {
  const row = value as Partial<Record<keyof Row, unknown>> | null;
  return (
    typeof row === 'object' &&
    row !== null &&
    (['kernel', 'case', 'pass', 'adapter', 'engine'] as const).every((key) => typeof row[key] === 'string') &&
    typeof row.ms === 'number' &&
    typeof row.ok === 'boolean'
  );
};

function stepRow({ preset, device, millisecondsPerStep: ms, samples = [ms] }: StepDocument): Row {
  const key = { suite: 'train-step', kernel: 'train-step', case: preset, pass: 'backward', adapter: device, engine: 'hybridmed' } as const;
  return { ...key, ms, samples, clock: 'host', gflops: 0, gbps: 0, rooflinePercent: 0, error: null, bound: 0, ok: true };
}

/** Reads a file that a suite wrote with --json or --save. Throws an Error that names the file and what is wrong with it. */
export async function readDocument(path: string): Promise<ResultDocument> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof SyntaxError ? 'is not JSON' : (error as Error).message.split(',')[0]}; give a file that a suite wrote`, {
      cause: error,
    });
  }
  if (typeof value !== 'object' || value === null) throw new Error(`${path}: holds no document of a suite; give a file that a suite wrote`);
  if (isStep(value)) return { ...value, suite: 'train-step', adapter: value.device, rows: [stepRow(value)] };
  const { rows } = value as { rows?: unknown };
  if (!Array.isArray(rows) || !rows.every(isRow))
    throw new Error(`${path}: has no rows of cases; give a file that the kernels, peers or train-step suite wrote`);
  return { suite: 'kernels', ...(value as object), rows: rows.map((row: Row) => ({ ...row, samples: row.samples ?? [row.ms] })) };
}

/** Reads several such files in their order, so that of several bad ones it is always the first that the error names. */
export async function readDocuments(paths: readonly string[]): Promise<ResultDocument[]> {
  const documents: ResultDocument[] = [];
  for (const path of paths) documents.push(await readDocument(path));
  return documents;
}
