// A run kept in a folder: settings, tokenizer, checkpoints, metrics.jsonl and provenance. Its loggers are told what metrics.jsonl records.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckpointConfig, ModuleEncoders, Stage } from '@hybridmed/model';
import { stageNumbers } from '@hybridmed/model/objective';
import type { Tokenizer } from '@hybridmed/text';
import type { RunStore } from '@hybridmed/training';
import type { RunConfig } from '../settings/run-settings.ts';
import { checkpointFolder, loadCheckpoint, loadTrainerState, readTrainerState, saveCheckpoint } from '../checkpoint/checkpoint-folder.ts';
import { readableFolder, recoverFolder, removeTemporaries } from '../files.ts';
import type { RunLoggers } from '../logging/run-loggers.ts';
import type { RetrievalIndex } from '../retrieval/retrieved-findings.ts';
import { lastCheckpoints } from './last-checkpoints.ts';
import { MetricsLog } from './metrics-log.ts';
import type { Session } from './provenance.ts';
import { createRunFolder } from './run-folder.ts';
import type { RunHold } from './run-lock.ts';

/** What a run's folder is made from. */
export interface FolderStoreOptions {
  readonly out: string;
  readonly config: RunConfig;
  /** Whether stages continue from their last checkpoint. */
  readonly resume: boolean;
  /** What the checkpoints of a stage say of themselves. */
  checkpoint(stage: Stage): CheckpointConfig;
  /** What the model retrieves from: it stands in each checkpoint. */
  readonly retrieval?: RetrievalIndex | undefined;
  readonly tokenizer: Tokenizer;
  readonly encoders: ModuleEncoders;
  readonly session: Session;
  readonly hold: RunHold;
  readonly loggers: RunLoggers;
  readonly onMessage?: ((text: string) => void) | undefined;
}

const trainerFile = (out: string, stage: Stage): string => join(checkpointFolder(out, stage, 'last'), 'trainer.json');

/** Lines of the log at the end of the last stage before one. */
async function linesBefore(out: string, stage: Stage): Promise<number> {
  const earlier = stageNumbers.filter((other) => other < stage && existsSync(trainerFile(out, other)));
  return Math.max(0, ...(await Promise.all(earlier.map(async (other) => (await readTrainerState(trainerFile(out, other))).metricsLines))));
}

/** The store of a run's folder. Its methods throw one line that names the file for what is damaged or cannot be written. */
export function folderStore(options: FolderStoreOptions): RunStore {
  const { out, config, resume, checkpoint, retrieval, tokenizer, encoders, session, hold, loggers } = options;
  const log = new MetricsLog(join(out, 'metrics.jsonl'), options.onMessage);
  // Without its settings a folder holds no run, whatever else lies in it.
  const holdsRun = () => existsSync(join(out, 'run.json'));
  return {
    async best(stage) {
      const setting = config[`stage${stage}`];
      const run = typeof setting === 'string' ? setting : setting && holdsRun() ? out : null;
      const folder = run === null ? undefined : await readableFolder(checkpointFolder(run, stage, 'best'));
      if (folder === undefined) return undefined;
      const { parameters } = await loadCheckpoint(folder, encoders);
      return { file: join(folder, 'model.safetensors'), parameters };
    },
    async resumePoint(stage) {
      const { last, recover, confirm } = lastCheckpoints(out, stage);
      await recover();
      await recoverFolder(checkpointFolder(out, stage, 'best'));
      if (!resume || !holdsRun() || !existsSync(trainerFile(out, stage))) return undefined;
      const { parameters } = await loadCheckpoint(last, encoders);
      const state = await loadTrainerState(last);
      if (state.trainer.finished) await confirm();
      return { parameters, ...state };
    },
    linesBefore: async (stage) => (holdsRun() ? linesBefore(out, stage) : 0),
    async begin(start) {
      hold.check();
      await createRunFolder(out, config, tokenizer);
      session.begin(start);
      await session.save();
      const known = await log.start(start);
      await removeTemporaries(out);
      await loggers.begin(known);
    },
    append(line) {
      loggers.line(log.append(line));
      return log.lines;
    },
    noteSkipped: (study) => session.skip(study),
    async save(stage, kind, snapshot) {
      hold.check();
      log.flush();
      // Before the checkpoint: what that skips is known to whoever resumes it.
      if (kind === 'last') await session.save();
      const keepAs = kind === 'last' ? lastCheckpoints(out, stage).keepAs() : undefined;
      await saveCheckpoint(
        checkpointFolder(out, stage, kind),
        { config: checkpoint(stage), retrieval, tokenizer: tokenizer.toJSON(), ...snapshot },
        { keepAs },
      );
    },
    confirmLast: (stage) => lastCheckpoints(out, stage).confirm(),
    rejectLast: (stage) => lastCheckpoints(out, stage).reject(),
  };
}
