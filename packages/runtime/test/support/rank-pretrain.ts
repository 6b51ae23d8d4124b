// One rank of a run: pre-trains with the options that the first argument holds as JSON, on the CPU with one thread.
import { openRanks } from '@hybridmed/ranks/mpi';
import { openDevice } from '@hybridmed/runtime/device';
import { pretrain } from '@hybridmed/runtime/run';
import type { RunOptions } from '@hybridmed/runtime/settings';
import { completeConfig } from '@hybridmed/runtime/settings';
import { TrainingStoppedError } from '@hybridmed/training';

/** What a test asks of a rank; `seeds` are those of the ranks, where they are to differ. */
export interface RankPretrain {
  readonly options: RunOptions;
  readonly out: string;
  readonly resume?: boolean;
  readonly seeds?: readonly number[];
  /** `STAGE-STEP` after which the last rank is asked to stop. */
  readonly stopAt?: string;
}

const [json = '', library = '', timeout = '60000'] = process.argv.slice(2);
const { options, out, resume = false, seeds, stopAt } = JSON.parse(json) as RankPretrain;
const tell = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

try {
  const ranks = await openRanks({ timeoutMs: Number(timeout), ...(library ? { library } : {}) });
  const { device } = await openDevice('cpu', { threads: 1 });
  const controller = new AbortController();
  const config = completeConfig({ ...options, ...(seeds ? { seed: seeds[ranks.rank]! } : {}) });
  tell({ rank: ranks.rank, pid: process.pid });
  const onStep = ({ stage, step }: { stage: number; step: number }): void => {
    if (`${stage}-${step}` === stopAt) controller.abort();
    tell({ rank: ranks.rank, at: `${stage}-${step}` });
  };
  try {
    await pretrain({ config, out, device, resume, workers: 0, ranks, signal: controller.signal, events: { onStep } });
    tell({ rank: ranks.rank, end: 'finished' });
  } catch (error) {
    if (!(error instanceof TrainingStoppedError)) throw error;
    tell({ rank: ranks.rank, end: error.message });
  }
  await ranks.close();
  await device.close();
} catch (error) {
  process.stderr.write(`error: ${(error as Error).message}\n`);
  process.exit(1);
}
