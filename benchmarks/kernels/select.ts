// Which cases of which kernels a suite runs.
import type { AnyKernel, KernelCase } from '@hybridmed/kernels';
import { kernels } from '@hybridmed/kernels';
import { UsageError } from '../harness/options.ts';

/** A case with its kernel and the pass it belongs to. */
export interface SelectedCase {
  readonly kernel: AnyKernel;
  readonly one: KernelCase<unknown>;
  readonly pass: 'forward' | 'backward';
}

/** Cases at the sizes of models (with `small`, the tests' too) whose "kernel: case, pass" has `filter` in it, ignoring case. Throws a UsageError if there is none. */
export function selectCases({ filter = '', small = false }: { filter?: string; small?: boolean } = {}): SelectedCase[] {
  const all = (Object.values(kernels) as unknown as AnyKernel[]).flatMap((kernel) =>
    kernel.cases.filter(({ large }) => large || small).map((one): SelectedCase => ({ kernel, one, pass: one.pass ?? kernel.pass(one.problem) })),
  );
  const selected = all.filter(({ kernel, one, pass }) => `${kernel.name}: ${one.name}, ${pass}`.toLowerCase().includes(filter.toLowerCase()));
  if (selected.length === 0) {
    const names = [...new Set(all.map(({ kernel }) => kernel.name))].join(', ');
    throw new UsageError(`no case has "${filter}" in its name; kernels: ${names}${small ? '' : ' (--small adds the cases of the tests)'}`);
  }
  return selected;
}
