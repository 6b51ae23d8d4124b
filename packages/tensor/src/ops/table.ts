// The op table: one row per op. A missing row does not compile; which ops are fused, and so need no rule of a device, is read off the rows.
import type { OpName } from './attributes.ts';
import { attentionRows } from './attention.ts';
import { batchNormRows } from './batch-norm.ts';
import { contractionRows } from './contractions.ts';
import { elementwiseRows } from './elementwise.ts';
import { lossRows } from './losses.ts';
import { movementRows } from './movement-rows.ts';
import { normalizationRows } from './normalization.ts';
import { optimizerRows } from './optimizer.ts';
import { reductionRows } from './reductions.ts';
import { registerTable } from './op-row.ts';
import type { OpRow } from './op-row.ts';
import { sourceRows } from './sources.ts';
import { vocabularyRows } from './vocabulary.ts';

const rows = {
  ...sourceRows,
  ...elementwiseRows,
  ...reductionRows,
  ...movementRows,
  ...contractionRows,
  ...normalizationRows,
  ...batchNormRows,
  ...attentionRows,
  ...lossRows,
  ...vocabularyRows,
  ...optimizerRows,
} satisfies { readonly [K in OpName]: OpRow<K> };

/** Ops whose row has a definition in primitives: a device may have a rule for one, and runs the definition where it has none. */
export type FusedOp = { [K in OpName]: (typeof rows)[K] extends { readonly definition: unknown } ? K : never }[OpName];

/** Ops that every device has a rule for: all but those with a definition, and inputs. */
export type PrimitiveOp = Exclude<OpName, FusedOp | 'input'>;

/** Every op by name: documentation, shape rule, gradient, and the definition of fused ops. */
export const opTable: { readonly [K in OpName]: OpRow<K> } = rows;

registerTable(opTable);
