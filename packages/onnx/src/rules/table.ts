// The table of rules: every primitive, and the fused ops that ONNX Runtime computes better than their definitions. Not among these are batch
// norm, whose gradient it has none of, and the losses over a vocabulary: it holds the logits either way.
import type { FusedOp, PrimitiveOp } from '@hybridmed/tensor';
import { contractions } from './contractions.ts';
import { elementwise } from './elementwise.ts';
import { fused } from './fused.ts';
import { movement } from './movement.ts';
import { reductions } from './reductions.ts';
import type { Rule } from './rule.ts';

/** The rules by op: `input` is declared by the walk, and what else has none runs through its definition. */
export const rules: { readonly [K in PrimitiveOp]: Rule<K> } & { readonly [K in FusedOp]?: Rule<K> } = {
  ...elementwise,
  ...movement,
  ...contractions,
  ...reductions,
  ...fused,
};
