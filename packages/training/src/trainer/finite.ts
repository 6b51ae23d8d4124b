// Checks that numbers are finite: those of steps, of validations and of what is about to be saved. Errors name the stage, the epoch and the step.
import type { HostArrays } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { LossValues } from '../contracts/metrics.ts';
import type { TrainerState } from '../contracts/trainer-state.ts';
import type { StepResult } from './whole-step.ts';

/** Thrown where a run's numbers are not finite; `step` is the stage's number of steps before that. */
export class NotFiniteError extends HybridmedError {
  override readonly name: string = 'NotFiniteError';
  readonly step: number;

  constructor({ stage, epoch, step }: TrainerState, place: string, problem: string) {
    super(`stage ${stage}, epoch ${epoch + 1}, ${place}: ${problem}`);
    this.step = step;
  }
}

/** What of a step is no number, and its value. Gradients that overflow under a loss scale are no error: the scale is lowered. */
export function notFiniteResult({ losses, gradientNorm, lossScale = 1 }: StepResult): readonly [name: string, value: number] | undefined {
  const checked: Readonly<Record<string, number>> = lossScale > 1 ? losses : { ...losses, 'gradient norm': gradientNorm };
  return Object.entries(checked).find(([, value]) => !Number.isFinite(value));
}

/** Throws where a loss or the gradients of the step after `now` are no numbers. */
export function checkStep(result: StepResult, now: TrainerState): void {
  const notFinite = notFiniteResult(result);
  if (!notFinite) return;
  const [key, value] = notFinite;
  const name = key === 'gradient norm' ? 'the gradient norm' : `the loss "${key}"`;
  throw new NotFiniteError(now, `step ${now.step + 1}`, `${name} is ${value}`);
}

/** Throws where a validation's loss is no number. */
export function checkValidation(losses: LossValues, now: TrainerState): void {
  const notFinite = Object.entries(losses).find(([, value]) => value !== null && !Number.isFinite(value));
  if (notFinite) throw new NotFiniteError(now, `validation after step ${now.step}`, `the loss "${notFinite[0]}" is ${notFinite[1]}`);
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
  const notFinite = notFiniteEntry(arrays);
  if (notFinite) throw new NotFiniteError(now, `step ${now.step}`, `the parameter "${notFinite[0]}" has become ${notFinite[1]}`);
}
