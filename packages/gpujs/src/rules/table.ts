// The table of rules on arrays: every primitive; fused ops run through their definitions.
import type { FusedOp, PrimitiveOp } from '@hybridmed/tensor';
import { contractions } from './contractions.ts';
import { elementwise } from './elementwise.ts';
import { movement } from './movement.ts';
import { reductions } from './reductions.ts';
import type { Rule } from './rule.ts';

/** The rules by op. What has none runs through its definition: the reference computes a fused op as the op table says. */
export const rules: { readonly [K in PrimitiveOp]: Rule<K> } & { readonly [K in FusedOp]?: Rule<K> } = {
  ...elementwise,
  ...movement,
  ...contractions,
  ...reductions,
};
