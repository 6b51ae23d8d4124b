// One of the ranks that `measure.ts` starts: times collectives, the exchange of gradients, and steps with their collectives, and prints a line of JSON.
import { createModel, defaultWeights, presetModel, teacherParameters } from 'hybridmed';
import { stepFields, teacherPrefix } from '@hybridmed/model/graphs';
import { initialize } from '@hybridmed/nn';
import { cpuDevice } from '@hybridmed/onnx';
import type { Communicator } from '@hybridmed/ranks';
import { delayed } from '@hybridmed/ranks';
import { openRanks } from '@hybridmed/ranks/mpi';
import type { HostArrays } from '@hybridmed/tensor';
import type { StagePlan } from 'hybridmed';
import { accumulatedStep, startOptimizer } from '@hybridmed/training';
import { median } from '../harness/row.ts';
import { randomBatch, special, stepPresets } from '../train-step/problem.ts';
import type { RankTimes } from './measure.ts';

const [json = '', library = '', timeout = '60000'] = process.argv.slice(2);
const { steps, network } = JSON.parse(json) as { steps: number; network: { latencyMs: number; bytesPerSecond: number } };
const ranks = await openRanks({ timeoutMs: Number(timeout), ...(library ? { library } : {}) });

const plan: StagePlan = { stage: 2, teacher: 'snapshot', weights: defaultWeights, temperature: 1, tau: 0.1, duplicates: 'negatives' };
const model = createModel(presetModel('small', stepPresets.small.vocabulary, special));
const parameters = initialize(model.parameters, 1);
const elements = Object.values(parameters).reduce((sum, { data }) => sum + data.length, 0);

async function timed(repeats: number, run: () => Promise<unknown>): Promise<number> {
  const samples: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const began = performance.now();
    await run();
    samples.push(performance.now() - began);
  }
  return median(samples);
}

/** The ranks with what collectives take: `net` once all ranks have come, `waited` until then; and a line for each kind and size. */
function measured(of: Communicator) {
  const times = { net: 0, waited: 0, calls: 0, bytes: 0 };
  const around = async <T>(bytes: number, run: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    await ranks.barrier();
    const met = performance.now();
    const result = await run();
    times.waited += met - began;
    times.net += performance.now() - met;
    times.calls++;
    times.bytes += bytes;
    return result;
  };
  const communicator: Communicator = {
    ...of,
    allReduce: (data) => around(data.byteLength, () => of.allReduce(data)),
    allGather: (own) => around(own.byteLength, () => of.allGather(own)),
    broadcast: (data, root) => around(data.byteLength, () => of.broadcast(data, root)),
  };
  return { communicator, times };
}

/** Median times of steps over ranks; the first two are not counted. */
async function stepsOver(of: Communicator): Promise<Omit<RankTimes, 'allReduceMs' | 'exchangeMs' | 'megabytes'>> {
  const device = cpuDevice({ threads: 1 });
  const teacher = Object.fromEntries(teacherParameters(model, 'snapshot').map((name) => [teacherPrefix + name, parameters[name]!]));
  const state = device.createState({ ...parameters, ...startOptimizer(model, plan), ...teacher });
  const { communicator, times } = measured(of);
  const step = await accumulatedStep({ device, state, model, plan, seed: 0, optimizer: {}, ranks: communicator }, of.size);
  const whole: HostArrays = {
    ...randomBatch(model, 'small'),
    groups: { data: Int32Array.from({ length: stepPresets.small.batch }, (_, i) => i), shape: [stepPresets.small.batch] },
  };
  const batch = Object.fromEntries(stepFields(plan, model).map((field) => [field, whole[field]!]));
  const samples: { ms: number; net: number; waited: number; cpu: number }[] = [];
  let [calls, bytes, resident] = [0, 0, 0];
  for (let i = 0; i < steps + 2; i++) {
    Object.assign(times, { net: 0, waited: 0, calls: 0, bytes: 0 });
    if (i === 2) resident = process.memoryUsage().rss;
    const [began, cpu] = [performance.now(), process.cpuUsage()];
    await step(batch, { step: i, learningRate: 1e-4, stop: false });
    const { user, system } = process.cpuUsage(cpu);
    if (i >= 2) samples.push({ ms: performance.now() - began, net: times.net, waited: times.waited, cpu: (user + system) / 1000 });
    [calls, bytes] = [times.calls, times.bytes];
  }
  const of50 = (key: 'ms' | 'net' | 'waited' | 'cpu') => median(samples.map((sample) => sample[key]));
  const grownMiB = (process.memoryUsage().rss - resident) / 2 ** 20;
  await device.close?.();
  return { stepMs: of50('ms'), netMs: of50('net'), waitedMs: of50('waited'), cpuMs: of50('cpu'), calls, bytes, grownMiB };
}

const block = new Float32Array(elements);
const allReduceMs = await timed(9, () => ranks.allReduce(block));
const device = cpuDevice({ threads: 1 });
const state = device.createState({ block: { data: block, shape: [elements] } });
const exchangeMs = await timed(9, () => state.exchange(['block'], () => Promise.resolve()));
const near = { ...(await stepsOver(ranks)), allReduceMs, exchangeMs, megabytes: (4 * elements) / 1e6 };
const far = await stepsOver(delayed(ranks, network));
process.stdout.write(`${JSON.stringify({ rank: ranks.rank, near, far })}\n`);
await ranks.close();
