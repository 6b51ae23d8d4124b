// What is not finite is no result: steps, validations and what is about to be saved are checked, and an error says where a run stood.
import type { HostArrays } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { LossValues } from '../contracts/metrics.ts';
import type { TrainerState } from '../contracts/trainer-state.ts';
import type { StepResult } from './step.ts';

/** Thrown where a run's numbers are no longer finite; `step` is the number of steps of the stage before that. */
export class NotFiniteError extends HybridmedError {
  override readonly name: string = 'NotFiniteError';
  readonly step: number;

  constructor({ stage, epoch, step }: TrainerState, place: string, problem: string) {
    super(`stage ${stage}, epoch ${epoch + 1}, ${place}: ${problem}`);
    this.step = step;
  }
}

/** Throws where a loss or the gradients of the step after `now` are no numbers. Gradients that a loss scale made too large are none of its: the scale is lowered. */
export function checkStep({ losses, gradientNorm, lossScale = 1 }: StepResult, now: TrainerState): void {
  const checked = lossScale > 1 ? losses : { ...losses, 'gradient norm': gradientNorm };
  const bad = Object.entries(checked).find(([, value]) => !Number.isFinite(value));
  if (!bad) return;
  const name = bad[0] === 'gradient norm' ? 'the gradient norm' : `the loss "${bad[0]}"`;
  throw new NotFiniteError(now, `step ${now.step + 1}`, `${name} is ${bad[1]}`);
}

/** Throws where a validation's loss is no number. */
export function checkValidation(losses: LossValues, now: TrainerState): void {
  const bad = Object.entries(losses).find(([, value]) => value !== null && !Number.isFinite(value));
  if (bad) throw new NotFiniteError(now, `validation after step ${now.step}`, `the loss "${bad[0]}" is ${bad[1]}`);
}

/** Name and value of the first entry that is not finite. */
export function notFiniteEntry(arrays: HostArrays): readonly [name: string, value: number] | undefined {
  for (const [name, { data }] of Object.entries(arrays)) {
    const at = data.findIndex((value: number) => !Number.isFinite(value));
    if (at >= 0) return [name, data[at]!];
  }
  return undefined;
}

/** Throws where what is about to be saved is not finite. */
export function checkArrays(arrays: HostArrays, now: TrainerState): void {
  const bad = notFiniteEntry(arrays);
  if (bad) throw new NotFiniteError(now, `step ${now.step}`, `the parameter "${bad[0]}" has become ${bad[1]}`);
}
