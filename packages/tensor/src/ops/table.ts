// The op table: one row per op. A missing row does not compile; everything that walks a graph is exhaustive over it.
import type { OpName } from './attributes.ts';
import { attentionRows } from './attention.ts';
import { batchNormRows } from './batch-norm.ts';
import { contractionRows } from './contractions.ts';
import { elementwiseRows } from './elementwise-rows.ts';
import { lossRows } from './losses.ts';
import { movementRows } from './movement-rows.ts';
import { normalizationRows } from './normalization.ts';
import { optimizerRows } from './optimizer.ts';
import { reductionRows } from './reductions.ts';
import { registerTable } from './op-row.ts';
import type { OpRow } from './op-row.ts';
import { sourceRows } from './sources.ts';
import { vocabularyRows } from './vocabulary.ts';

/** Every op by name: documentation, shape rule, gradient, and the definition of fused ops. */
export const opTable: { readonly [K in OpName]: OpRow<K> } = {
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
};

registerTable(opTable);
