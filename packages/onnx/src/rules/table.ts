// The table of rules: one per op. `input` is declared by the walk, and `adamW` runs on the host or through its definition.
import type { OpName } from '@hybridmed/tensor';
import { contractions } from './contractions.ts';
import { elementwise } from './elementwise.ts';
import { fused } from './fused.ts';
import { movement } from './movement.ts';
import { reductions } from './reductions.ts';
import type { Rule } from './rule.ts';

/** Ops that run through their definitions: ONNX Runtime holds the logits either way, and has no gradient of a batch norm. */
const defined = ['batchNorm', 'batchNormGrad', 'vocabularyLoss', 'vocabularyLossGrad'] as const;

/** Ops with a rule. */
export type LoweredOp = Exclude<OpName, 'input' | 'adamW' | (typeof defined)[number]>;

/** Whether an op is lowered as it is, or run on the host. */
export const hasRule = (op: OpName): boolean => !(defined as readonly OpName[]).includes(op);

/** Every rule by op. */
export const rules: { readonly [K in LoweredOp]: Rule<K> } = { ...elementwise, ...movement, ...contractions, ...reductions, ...fused };
