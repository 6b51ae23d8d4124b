// `hybridmed vqa`: visual question answering.
import type { Command } from 'commander';
import type { Output } from '../output.ts';
import { addVqaEvaluate } from './vqa/evaluate.ts';
import { addVqaTrain } from './vqa/train.ts';

/** Adds the commands. */
export function addVqa(program: Command, output: Output): void {
  const vqa = program.command('vqa').description('visual question answering: train, evaluate');
  addVqaTrain(vqa, output);
  addVqaEvaluate(vqa, output);
}
