// The suite's cases: the kernels' at the shapes of models, and a small ViT's training step.
import type { Cost, Numbers } from '@hybridmed/kernels';
import { inputOf } from '../harness/check.ts';
import { UsageError } from '../harness/options.ts';
import type { SelectedCase } from '../kernels/select.ts';
import { selectCases } from '../kernels/select.ts';
import type { Task } from './task.ts';
import { consistentInputs } from './task.ts';
import { vitCase, vitCost, vitReference, vitTask } from './vit/problem.ts';

/** A case: its key and cost in rows, and its task with the expected outputs, which are made when it is run. */
export interface PeerCase {
  readonly kernel: string;
  readonly case: string;
  readonly pass: 'forward' | 'backward';
  readonly bound: number;
  readonly cost: Cost;
  open(): Promise<{ task: Task; expected: readonly Numbers[] }>;
}

const vitStep: PeerCase = {
  ...vitCase,
  cost: vitCost(),
  async open() {
    const task = vitTask();
    return { task, expected: [await vitReference(task)] };
  },
};

/** A kernel's case as every engine gets it. */
export function kernelCase({ kernel, one, pass }: SelectedCase): PeerCase {
  return {
    kernel: kernel.name,
    case: one.name,
    pass,
    bound: one.tolerance,
    cost: kernel.cost(one.problem),
    async open() {
      const caseInputs = kernel.arrays(one.problem).inputs.map((spec, index) => inputOf(one, spec, index));
      const inputs = consistentInputs(kernel, one.problem, caseInputs);
      return { task: { kernel: kernel.name, problem: one.problem, inputs }, expected: kernel.reference(one.problem, inputs) };
    },
  };
}

/** Cases whose "kernel: case, pass" has `filter` in it. Throws a UsageError where none has. */
export function peerCases(filter: string): PeerCase[] {
  const training = `${vitStep.kernel}: ${vitStep.case}, ${vitStep.pass}`.toLowerCase().includes(filter.toLowerCase()) ? [vitStep] : [];
  try {
    return [...selectCases({ filter }).map(kernelCase), ...training];
  } catch (error) {
    if (error instanceof UsageError && training.length > 0) return training;
    throw error;
  }
}
