// What cases of convolutions are made with: problems from shapes, and what follows a convolution in a network.
import type { KernelCase } from '../kernel.ts';
import type { MapStep, View } from '../map/problem.ts';
import { denseView } from '../map/problem.ts';
import type { ConvolutionProblem } from './problem.ts';

/** A shape of four axes. */
export type Four = readonly [number, number, number, number];

/** A problem with zeros on both sides, and at the bottom and right `more` of them. */
export function make(
  of: ConvolutionProblem['of'],
  x: Four,
  weight: Four,
  stride: readonly [number, number],
  padding: readonly [number, number],
  { groups = 1, more = [0, 0] }: { groups?: number; more?: readonly [number, number] } = {},
): ConvolutionProblem {
  const size = (axis: 0 | 1) => Math.floor((x[2 + axis]! + 2 * padding[axis] + more[axis] - weight[2 + axis]!) / stride[axis]) + 1;
  return { of, x, weight, y: [x[0], weight[0], size(0), size(1)], stride, padding, ...(groups > 1 ? { groups } : {}) };
}

/** What is computed. */
export const kinds = ['output', 'input', 'weight'] as const;
/** Of sums of few products. */
export const tolerance = 2e-6;

/** What a direction is called in the names of models' cases. */
export const gradient = { output: '', input: ', input gradient', weight: ', weight gradient' } as const;

/** A convolution's output with what follows it in a network: frozen batch norm, a residual, ReLU. */
export function finished(name: string, problem: ConvolutionProblem, more: Partial<KernelCase<ConvolutionProblem>> = {}): KernelCase<ConvolutionProblem> {
  const channels = problem.y[1];
  const channel: View = { type: 'f32', length: channels, offset: 0, strides: [0, 1, 0, 0] };
  const step = (op: MapStep['op'], ...args: number[]): MapStep => ({ op, type: 'f32', arguments: args });
  // 0 the convolution; 1 to 4 mean, factor, weight and bias of a channel; 5 the residual; steps from 6 on.
  const norm = [step('sub', 0, 1), step('mul', 6, 2), step('mul', 7, 3), step('add', 8, 4), step('add', 9, 5)];
  const steps = [...norm, { ...step('constant'), value: 0 }, step('maximum', 10, 11)];
  const epilogue = { shape: problem.y, inputs: [channel, channel, channel, channel, denseView(problem.y)], steps };
  return { name: `${name}, frozen batch norm, residual, ReLU`, problem: { ...problem, epilogue }, tolerance, ...more };
}
