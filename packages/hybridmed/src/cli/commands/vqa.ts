// `hybridmed vqa`: visual question answering.
import type { CommandGroup } from '../define-command.ts';
import { vqaEvaluate } from './vqa/evaluate.ts';
import { vqaTrain } from './vqa/train.ts';

/** The commands. */
export const vqa: CommandGroup = {
  name: 'vqa',
  description: 'visual question answering: train, evaluate',
  commands: [vqaTrain, vqaEvaluate],
};
