// A stage's last checkpoint and, until the step after it has been finite, the last one before it of which that is known.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Stage } from '@hybridmed/training';
import { checkpointFolder, readTrainerState } from '../checkpoint/checkpoint.ts';
import { moveFolder, recoverFolder, removeFolder, removeTemporaries } from '../files.ts';

/** The two folders of a stage in a run. */
export function lastCheckpoints(run: string, stage: Stage) {
  const last = checkpointFolder(run, stage, 'last');
  const confirmed = `${last}-confirmed`;
  return {
    last,
    /** Puts right what a kill left. */
    async recover(): Promise<void> {
      await removeTemporaries(dirname(last));
      await recoverFolder(last);
      if (!existsSync(last)) await moveFolder(confirmed, last);
    },
    /** The name that the last one gets when a newer one comes; undefined where it is not worth keeping, since one is confirmed. */
    keepAs: (): string | undefined => (existsSync(confirmed) ? undefined : confirmed),
    confirm: (): Promise<void> => removeFolder(confirmed),
    /** Puts the confirmed one in place of the last, or nothing where there is none; gives the steps of the one that is there then. */
    async reject(): Promise<number | undefined> {
      if (existsSync(confirmed)) await moveFolder(confirmed, last);
      else await removeFolder(last);
      const file = join(last, 'trainer.json');
      return existsSync(file) ? (await readTrainerState(file)).step : undefined;
    },
  };
}
