// Writes a run's page: gathered, rendered, and put in place whole.
import { dirname, join } from 'node:path';
import { checkFolderPath, writeFileAtomic } from '@hybridmed/runtime/files';
import type { EvaluationReport } from '@hybridmed/tasks/node';
import type { CollectOptions } from './collect.ts';
import { collectReport } from './collect.ts';
import { renderReport } from './page/document.ts';

/** What to write, and where: RUN/report.html unless said otherwise. */
export interface WriteReportOptions extends CollectOptions {
  readonly out?: string;
}

/** Writes the page. Returns its path and the evaluation in it. Throws one line for a folder without a run, or data that cannot be read. */
export async function writeReport({ out, ...options }: WriteReportOptions): Promise<{ file: string; evaluation?: EvaluationReport }> {
  const file = out ?? join(options.run, 'report.html');
  checkFolderPath(dirname(file));
  const data = await collectReport(options);
  await writeFileAtomic(file, [renderReport(data)]);
  return { file, ...(data.evaluation ? { evaluation: data.evaluation } : {}) };
}
