// Writes the report of a run: data collected, rendered, written atomically.
import { dirname, join } from 'node:path';
import { checkFolderPath, writeFileAtomic } from '@hybridmed/runtime/files';
import type { EvaluationReport } from '@hybridmed/tasks/node';
import type { CollectOptions } from './collect-report-data.ts';
import { collectReportData } from './collect-report-data.ts';
import { renderReport } from './page/document.ts';

/** What to write, and where (default: RUN/report.html). */
export interface WriteReportOptions extends CollectOptions {
  readonly out?: string;
}

/** Writes the report. Returns its path and the evaluation in it. Throws one line for a folder without a run, or data that cannot be read. */
export async function writeReport({ out, ...options }: WriteReportOptions): Promise<{ file: string; evaluation?: EvaluationReport }> {
  const file = out ?? join(options.run, 'report.html');
  checkFolderPath(dirname(file));
  const data = await collectReportData(options);
  await writeFileAtomic(file, [renderReport(data)]);
  return { file, ...(data.evaluation ? { evaluation: data.evaluation } : {}) };
}
