// The lowering table: a rule per op. `input` is declared by the walk, and `adamW` runs on the host or through its definition.
import type { OpName } from '@hybridmed/tensor';
import { contractionLowering } from './contractions.ts';
import { elementwiseLowering } from './elementwise.ts';
import { fusedLowering } from './fused.ts';
import type { Lowering } from './lowering.ts';
import { movementLowering } from './movement.ts';

/** Ops that run through their definitions: ONNX Runtime holds the logits either way, and has no gradient of a batch norm. */
const defined = ['batchNorm', 'batchNormGrad', 'vocabularyLoss', 'vocabularyLossGrad'] as const;

/** Ops with a rule. */
export type LoweredOp = Exclude<OpName, 'input' | 'adamW' | (typeof defined)[number]>;

/** Whether an op is lowered as it is, or run on the host. */
export const hasRule = (op: OpName): boolean => !(defined as readonly OpName[]).includes(op);

/** Every rule by op. */
export const lowerings: { readonly [K in LoweredOp]: Lowering<K> } = { ...elementwiseLowering, ...movementLowering, ...contractionLowering, ...fusedLowering };
