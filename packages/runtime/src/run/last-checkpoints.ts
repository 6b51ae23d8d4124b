// A stage's last checkpoint and, until the step after it was finite, the last confirmed one before it.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Stage } from '@hybridmed/model';
import { checkpointFolder, readTrainerState } from '../checkpoint/checkpoint-folder.ts';
import { moveFolder, recoverFolder, removeFolder, removeTemporaries } from '../files.ts';

/** The two folders of a stage in a run. */
export function lastCheckpoints(run: string, stage: Stage) {
  const last = checkpointFolder(run, stage, 'last');
  const confirmed = `${last}-confirmed`;
  return {
    last,
    /** Restores the folders after a kill. */
    async recover(): Promise<void> {
      await removeTemporaries(dirname(last));
      await recoverFolder(last);
      if (!existsSync(last)) await moveFolder(confirmed, last);
    },
    /** The folder that the last checkpoint moves to when a newer one replaces it; undefined where there is a confirmed one. */
    keepAs: (): string | undefined => (existsSync(confirmed) ? undefined : confirmed),
    confirm: (): Promise<void> => removeFolder(confirmed),
    /** Replaces the last one by the confirmed one, or removes it where there is none; returns the step of the checkpoint that is then the last. */
    async reject(): Promise<number | undefined> {
      if (existsSync(confirmed)) await moveFolder(confirmed, last);
      else await removeFolder(last);
      const file = join(last, 'trainer.json');
      return existsSync(file) ? (await readTrainerState(file)).step : undefined;
    },
  };
}
