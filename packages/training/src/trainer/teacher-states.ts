// The snapshot teacher's final hidden states of each training study, computed once, since they are the same in every epoch.
import type { Model } from '@hybridmed/model';
import { teacherGraph } from '@hybridmed/model/graphs';
import type { Device, DeviceState, HostArray } from '@hybridmed/tensor';
import type { StudySource } from '../contracts/study-source.ts';
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

/** Runs the frozen teacher (under `teacher.` in the state) over all studies, in order and in fixed chunks. */
export async function computeTeacherStates(
  device: Device,
  state: DeviceState,
  model: Model,
  source: StudySource,
  onProgress: (done: number) => void = () => undefined,
): Promise<TeacherStates> {
  const program = await device.compile(teacherGraph(model));
  const { width } = model.decoder.config;
  const states: Float32Array[] = [];
  let bytes = 0;
  for (const { arrays, studies } of source.texts(chunk)) {
    const { hidden } = await program.run({ findings: arrays.findings, findings_mask: arrays.findings_mask, input: arrays.input }, state);
    const length = arrays.input.shape[1]!;
    studies.forEach((study, row) => {
      const tokens = maskCount(arrays.target_mask.data.subarray(row * length, (row + 1) * length));
      states[study] = (hidden!.data as Float32Array).slice(row * length * width, (row * length + tokens) * width);
      bytes += states[study].byteLength;
    });
    onProgress(studies.at(-1)! + 1);
  }
  program.release?.();
  return {
    bytes,
    batch(studies, tokens) {
      const data = new Float32Array(studies.length * tokens * width);
      studies.forEach((study, row) => data.set(states[study]!, row * tokens * width));
      return { data, shape: [studies.length, tokens, width] };
    },
  };
}
