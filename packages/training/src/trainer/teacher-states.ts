// The snapshot teacher's final hidden states of each training study, computed once, since they are the same in every epoch.
import type { Model } from '@hybridmed/model';
import { teacherGraph } from '@hybridmed/model/graphs';
import type { Communicator } from '@hybridmed/ranks';
import { alone } from '@hybridmed/ranks';
import type { Device, DeviceState, HostArray } from '@hybridmed/tensor';
import type { StudySource } from '../contracts/study-source.ts';
import type { FrontStep } from '../frozen/front-step.ts';
import { asTheyAre } from '../frozen/front-step.ts';
import { maskCount } from './validate.ts';

// Studies per forward pass: fixed, so that the states' bits do not depend on the training batches.
const chunk = 32;

/** Hidden states by study. */
export interface TeacherStates {
  /** States of a batch's studies (B, T, width), zero at padding. `tokens` is T. */
  batch(studies: readonly number[], tokens: number): HostArray;
  readonly bytes: number;
}

/** Bytes the states of a source's studies will take. */
export function teacherBytes(source: StudySource, model: Model): number {
  let tokens = 0;
  for (const { arrays } of source.texts(256)) tokens += maskCount(arrays.target_mask.data);
  return tokens * model.decoder.config.width * 4;
}

/** Who computes the states, and who hears of it. */
export interface TeacherOptions {
  /** Ranks that share the chunks; `alone` by default. */
  readonly ranks?: Communicator | undefined;
  /** What the findings go through before the model; nothing by default. */
  readonly front?: FrontStep;
  onProgress?(done: number): void;
}

/** Runs the frozen teacher (under `teacher.` in the state) over all studies, in order and in fixed chunks, of which each rank computes its part. */
export async function computeTeacherStates(
  device: Device,
  state: DeviceState,
  model: Model,
  source: StudySource,
  { ranks = alone, front = asTheyAre, onProgress = () => undefined }: TeacherOptions = {},
): Promise<TeacherStates> {
  const program = await device.compile(teacherGraph(model));
  const { width } = model.decoder.config;
  const states: Float32Array[] = [];
  let bytes = 0;
  let number = 0;
  for (const { arrays, studies } of source.texts(chunk)) {
    const computes = number++ % ranks.size === ranks.rank;
    const data = { findings: arrays.findings, findings_mask: arrays.findings_mask, input: arrays.input };
    const hidden = computes ? ((await program.run(await front.apply(data, { studies }), state)).hidden!.data as Float32Array) : undefined;
    const length = arrays.input.shape[1]!;
    studies.forEach((study, row) => {
      const tokens = maskCount(arrays.target_mask.data.subarray(row * length, (row + 1) * length));
      states[study] = hidden ? hidden.slice(row * length * width, (row * length + tokens) * width) : new Float32Array(tokens * width);
      bytes += states[study].byteLength;
    });
    onProgress(studies.at(-1)! + 1);
  }
  program.release?.();
  if (ranks.size > 1) await exchangeStates(states, ranks);
  return {
    bytes,
    batch(studies, tokens) {
      const data = new Float32Array(studies.length * tokens * width);
      studies.forEach((study, row) => data.set(states[study]!, row * tokens * width));
      return { data, shape: [studies.length, tokens, width] };
    },
  };
}

/** Gives every rank the states that others computed: chunk after chunk, from the rank that has it. */
async function exchangeStates(states: readonly Float32Array[], ranks: Communicator): Promise<void> {
  for (let from = 0, number = 0; from < states.length; from += chunk, number++) {
    const own = states.slice(from, from + chunk);
    const whole = new Float32Array(own.reduce((sum, { length }) => sum + length, 0));
    const places: Float32Array[] = [];
    let at = 0;
    for (const part of own) places.push(whole.subarray(at, (at += part.length)));
    own.forEach((part, i) => places[i]!.set(part));
    await ranks.broadcast(new Uint8Array(whole.buffer), number % ranks.size);
    own.forEach((part, i) => part.set(places[i]!));
  }
}
