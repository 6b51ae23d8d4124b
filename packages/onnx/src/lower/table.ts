// The lowering table: a rule per op. `input` is declared by the walk, and `adamW` runs on the host or through its definition.
import type { OpName } from '@hybridmed/tensor';
import { contractionLowering } from './contractions.ts';
import { elementwiseLowering } from './elementwise.ts';
import { fusedLowering } from './fused.ts';
import type { Lowering } from './lowering.ts';
import { movementLowering } from './movement.ts';

/** Ops with a rule. */
export type LoweredOp = Exclude<OpName, 'input' | 'adamW'>;

/** Every rule by op. */
export const lowerings: { readonly [K in LoweredOp]: Lowering<K> } = { ...elementwiseLowering, ...movementLowering, ...contractionLowering, ...fusedLowering };
