// Linear map and embedding table.
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { Module } from '../module.ts';
import type { Initializer, ParameterSpec } from '../parameters.ts';

const normal: Initializer = { kind: 'normal', std: 0.02 };
const zeros: Initializer = { kind: 'constant', value: 0 };

/** x W^T + b: (..., inputs) -> (..., outputs); weight (outputs, inputs), bias (outputs). Where the scope has a LoRA adapter, its change is added. */
export function linear({ inputs, outputs, bias = true }: { inputs: number; outputs: number; bias?: boolean }): Module {
  const weight: ParameterSpec = { shape: [outputs, inputs], init: normal, linear: true };
  return {
    parameters: bias ? { weight, bias: { shape: [outputs], init: zeros } } : { weight },
    call(scope, x) {
      const product = ops.matmul(x, scope.get('weight'), { transposeB: true });
      const y = bias ? ops.add(product, scope.get('bias')) : product;
      const [down, up, scale] = [scope.find('lora.down'), scope.find('lora.up'), scope.find('lora.scale')];
      if (!down || !up || !scale) return y;
      const thin = ops.mul(ops.matmul(x, down, { transposeB: true }), scale);
      return ops.add(y, ops.matmul(thin, up, { transposeB: true }));
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
