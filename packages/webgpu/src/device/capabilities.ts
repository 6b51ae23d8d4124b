// What a GPUDevice can do, in the terms that kernels choose by.
/// <reference types="@webgpu/types" />
import type { Capabilities, SubgroupMatrix } from '@hybridmed/kernels';

/** Features that are asked for where the adapter has them. */
export const wantedFeatures = ['timestamp-query', 'shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix'] as const;

/** What Dawn tells about subgroups beyond the published types. */
interface SubgroupInfo {
  readonly subgroupMinSize?: number;
  readonly subgroupMaxSize?: number;
  readonly subgroupMatrixConfigs?: readonly { componentType: string; resultComponentType: string; M: number; N: number; K: number }[];
}

/** Reads a device's features and its adapter's facts. */
export function capabilitiesOf({ features, adapterInfo }: GPUDevice): Capabilities {
  const has = (name: string): boolean => (features as ReadonlySet<string>).has(name);
  const { subgroupMinSize = 0, subgroupMaxSize = 0, subgroupMatrixConfigs = [] } = (adapterInfo ?? {}) as SubgroupInfo;
  const matrices = has('chromium-experimental-subgroup-matrix') && has('shader-f16') ? subgroupMatrixConfigs : [];
  return {
    software: adapterInfo?.isFallbackAdapter ?? false,
    subgroupSize: has('subgroups') && subgroupMinSize === subgroupMaxSize ? subgroupMinSize : 0,
    f16: has('shader-f16'),
    subgroupMatrix: matrices
      .filter(({ componentType, resultComponentType }) => componentType === 'f16' && resultComponentType === 'f32')
      .map(({ M, N, K }): SubgroupMatrix => ({ m: M, n: N, k: K, threads: subgroupMaxSize })),
  };
}
