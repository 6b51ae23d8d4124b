// Adapters as kernels see them: kinds that this machine may not have, so that every variant's text is checked everywhere.
import type { AnyKernel, Capabilities } from '@hybridmed/kernels';
import { everyAdapter } from '@hybridmed/kernels';

const matrices = (threads: number, ...sizes: readonly (readonly [number, number, number])[]) => sizes.map(([m, n, k]) => ({ m, n, k, threads }));

/** By name: a GPU as plain as can be, processors with and without subgroups, GPUs with subgroup matrices of several sizes. */
export const adapters: Readonly<Record<string, Capabilities>> = {
  gpu: everyAdapter,
  processor: { software: true, subgroupSize: 0, f16: false, subgroupMatrix: [] },
  'processor, subgroups of 4': { software: true, subgroupSize: 4, f16: false, subgroupMatrix: [] },
  'processor, subgroups of 8': { software: true, subgroupSize: 8, f16: true, subgroupMatrix: [] },
  'subgroup matrix 16x16x16': { software: false, subgroupSize: 32, f16: true, subgroupMatrix: matrices(32, [16, 16, 16]) },
  'subgroup matrix 8x8x8': { software: false, subgroupSize: 32, f16: true, subgroupMatrix: matrices(32, [8, 8, 8]) },
};

/** Names of the variants by which an adapter can compute a problem; undefined where there is only one. */
export const variantsOf = ({ variants }: AnyKernel, problem: unknown, capabilities: Capabilities): readonly (string | undefined)[] =>
  variants?.names(problem, capabilities) ?? [undefined];
