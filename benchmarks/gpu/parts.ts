// The parts of the report in their order, and the seconds that each is promised: together less than the five minutes of the whole.
import { correctness } from './correctness.ts';
import { attention, modelShapes, products } from './large-cases.ts';
import type { Part } from './part.ts';
import { peers } from './peers.ts';
import { pytorch } from './pytorch.ts';
import { trainingSteps } from './steps.ts';
import { tuning } from './tuning.ts';

/** Seconds of the whole command. */
export const totalSeconds = 300;

/** The parts. */
export const parts: readonly Part[] = [
  { name: 'correctness', title: 'Correctness of every kernel case', seconds: [40, 100], run: correctness },
  { name: 'matmul', title: 'Square products: f32, f16, subgroup matrix', seconds: [20, 15], run: products },
  { name: 'attention', title: 'Attention, forward and backward', seconds: [12, 10], run: attention },
  { name: 'pytorch', title: 'PyTorch on the same GPU', seconds: [45, 0], run: pytorch },
  { name: 'steps', title: 'Training steps and their memory', seconds: [80, 50], run: trainingSteps },
  { name: 'tuning', title: 'Tuning off and on', seconds: [25, 25], run: tuning },
  { name: 'kernels', title: 'Kernels at the shapes of models, and their roofline', seconds: [30, 25], run: modelShapes },
  { name: 'peers', title: 'Other WebGPU engines', seconds: [35, 55], run: peers },
];
