// Saves the table of a folder of `hybridmed ablate`, without the machine's paths.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AblationReport } from 'hybridmed/node';
import { saveResult } from '../results.ts';

/** Writes results/ablation-NAME.json. */
export async function ablation({ out, name }: { out: string; name: string }): Promise<void> {
  const report = JSON.parse(await readFile(join(out, 'ablation.json'), 'utf8')) as AblationReport;
  const failures = report.failures.map(({ run, reason }) => ({ run: run.split(/[\\/]/).slice(-2).join('/'), reason }));
  await saveResult(`ablation-${name}`, { ...report, data: report.data.slice(0, report.data.indexOf(':')), failures });
}
