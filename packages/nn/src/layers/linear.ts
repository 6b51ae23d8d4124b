// Linear map and embedding table.
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { Module } from '../module.ts';
import type { Initializer, ParameterSpec } from '../parameters.ts';

const normal: Initializer = { kind: 'normal', std: 0.02 };
const zeros: Initializer = { kind: 'constant', value: 0 };

/** x W^T + b: (..., inputs) -> (..., outputs); weight (outputs, inputs), bias (outputs). */
export function linear({ inputs, outputs, bias = true }: { inputs: number; outputs: number; bias?: boolean }): Module {
  const weight: ParameterSpec = { shape: [outputs, inputs], init: normal };
  return {
    parameters: bias ? { weight, bias: { shape: [outputs], init: zeros } } : { weight },
    call(scope, x) {
      const product = ops.matmul(x, scope.get('weight'), { transposeB: true });
      return bias ? ops.add(product, scope.get('bias')) : product;
    },
  };
}

/** Rows of a table by id: ids (...) i32 -> (..., width); weight (rows, width). */
export function embedding({ rows, width, decay }: { rows: number; width: number; decay?: boolean }): Module<readonly [Tensor]> {
  return {
    parameters: { weight: { shape: [rows, width], init: normal, ...(decay === undefined ? {} : { decay }) } },
    call: (scope, ids) => ops.gather(scope.get('weight'), ids),
  };
}
