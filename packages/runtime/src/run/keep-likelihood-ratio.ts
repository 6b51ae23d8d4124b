// Keeps a likelihood ratio with the checkpoint that it was chosen for, and says so in the provenance of the checkpoint's run.
import { basename, join } from 'node:path';
import type { LikelihoodRatio } from '@hybridmed/model';
import { configProblem } from '@hybridmed/model';
import { hashParameters, readConfig, resolveCheckpoint } from '../checkpoint/checkpoint-folder.ts';
import { fileError, writeFileAtomic } from '../files.ts';
import { isInCache } from '../hub/hub-cache.ts';
import { version } from '../version.ts';
import { provenanceFile, readProvenance, runOf } from './provenance.ts';
import type { RecordedRatio } from './recorded-ratio.ts';
import { holdRun } from './run-lock.ts';

/** What is kept, and what it was chosen with. */
export interface KeepLikelihoodRatioOptions {
  readonly likelihoodRatio: LikelihoodRatio;
  /** SHA-256 of the parameters that it was chosen for. */
  readonly weights: string;
  /** The data set as name:path. */
  readonly data: string;
}

/** Adds a record to a run's provenance; a run whose version wrote none has nothing to add to. */
async function record(run: string, entry: RecordedRatio): Promise<void> {
  const provenance = await readProvenance(run);
  if (!provenance) return;
  const likelihoodRatios = [...(provenance.likelihoodRatios ?? []), entry];
  await writeFileAtomic(provenanceFile(run), [`${JSON.stringify({ ...provenance, likelihoodRatios }, undefined, 2)}\n`]);
}

/**
 * Writes it into config.json of a checkpoint or of a run's best one, in place of an earlier one, and returns the checkpoint's folder.
 * Throws one line for a run that is being trained, a checkpoint that has other parameters by now, or what would be refused on reading.
 */
export async function keepLikelihoodRatio(path: string, { likelihoodRatio, weights, data }: KeepLikelihoodRatioOptions): Promise<string> {
  const folder = await resolveCheckpoint(path);
  if (isInCache(folder)) throw fileError(folder, "is in the cache of a hub's files, which stay as they are", 'copy the checkpoint into a folder of your own');
  const run = runOf(folder);
  const hold = run === undefined ? undefined : await holdRun(run);
  try {
    const file = join(folder, 'config.json');
    const config = { ...(await readConfig(folder)), likelihoodRatio };
    const problem = configProblem(config);
    if (problem) throw fileError(file, `"${problem.key}" ${problem.problem}`, 'choose among other candidates');
    if ((await hashParameters(folder)) !== weights) throw fileError(folder, 'has other parameters than the likelihood ratio was chosen for', 'choose it again');
    await writeFileAtomic(file, [`${JSON.stringify(config, undefined, 2)}\n`]);
    const { weight, threshold, chosen } = likelihoodRatio;
    const { studies, ids } = chosen;
    const known = { chosen: new Date().toISOString(), version: version(), data, checkpoint: basename(folder), weights };
    if (run !== undefined) await record(run, { ...known, studies, ids, weight, threshold });
    return folder;
  } finally {
    await hold?.release();
  }
}
