// A page that pre-trains: both stages on studies in memory, once through and once interrupted and resumed.
import { plainDevice } from '@hybridmed/gpujs';
import { trainStages } from '@hybridmed/training';
import { memoryRun, memoryStore } from '../../../packages/training/test/support/memory-run.ts';

const [whole, interrupted] = [memoryStore(), memoryStore()];
const stages = await trainStages(memoryRun(plainDevice(), whole));
const stop = ({ stage, step }: { stage: number; step: number }) => {
  if (stage === 2 && step === 3) throw new Error('interrupted');
};
const reason = await trainStages(memoryRun(plainDevice(), interrupted, { onStep: stop })).catch((error: Error) => error.message);
await trainStages(memoryRun(plainDevice(), interrupted));

const parameters = (store: typeof whole) =>
  Object.entries(store.checkpoints.get('2-last')!.parameters).map(([name, { data }]) => [name, Array.from(data, (value) => value.toString(36))]);
const same = JSON.stringify(parameters(whole)) === JSON.stringify(parameters(interrupted));
Object.assign(window, { __result: { finished: stages.map(({ finished }) => finished), reason, same, last: whole.log.at(-1) } });
