// The table of rules: every primitive, and the fused ops that have kernels of their own.
import type { FusedOp, PrimitiveOp } from '@hybridmed/tensor';
import { contractions } from './contractions.ts';
import { elementwise } from './elementwise.ts';
import { fused } from './fused.ts';
import { movement } from './movement.ts';
import { reductions } from './reductions.ts';
import type { Rule } from './rule.ts';

/** The rules by op; what else has a definition runs through it. */
export const rules: { readonly [K in PrimitiveOp]: Rule<K> } & { readonly [K in FusedOp]?: Rule<K> } = {
  ...elementwise,
  ...movement,
  ...contractions,
  ...reductions,
  ...fused,
};
