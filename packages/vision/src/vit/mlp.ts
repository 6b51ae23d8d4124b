// The MLP of a transformer block, with the activations published vision transformers have.
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import type { Module } from '@hybridmed/nn';
import { collect, linear, quickGelu, silu } from '@hybridmed/nn';
import { activations } from '@hybridmed/nn/convolution';

const { sigmoid } = activations;

/** Erf GELU; CLIP's x sigmoid(1.702 x); GELU by a hyperbolic tangent, as SigLIP 2 has; or SwiGLU, silu(a) b of the halves a, b of a linear map twice as wide [Shazeer 2020]. */
export type Mlp = 'gelu' | 'quickGelu' | 'geluTanh' | 'swiglu';

/** x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 [Hendrycks & Gimpel 2016], (1 + tanh(z)) / 2 being sigmoid(2 z). */
function geluTanh(x: Tensor): Tensor {
  const inner = ops.add(x, ops.mul(ops.mul(x, ops.mul(x, x)), 0.044715));
  return ops.mul(x, sigmoid(ops.mul(inner, 2 * Math.sqrt(2 / Math.PI))));
}

/** (..., width) -> (..., width) through `inner` hidden values; weights `fc1` (inner, width; twice as high for SwiGLU) and `fc2`. */
export function mlp({ width, inner, kind }: { width: number; inner: number; kind: Mlp }): Module {
  const parts = { fc1: linear({ inputs: width, outputs: kind === 'swiglu' ? 2 * inner : inner }), fc2: linear({ inputs: inner, outputs: width }) };
  const activate = (x: Tensor): Tensor => {
    if (kind === 'swiglu') return ops.mul(silu(ops.narrow(x, -1, 0, inner)), ops.narrow(x, -1, inner, inner));
    if (kind === 'geluTanh') return geluTanh(x);
    return kind === 'gelu' ? ops.gelu(x) : quickGelu(x);
  };
  return {
    parameters: collect(parts),
    call: (scope, x) => parts.fc2.call(scope.child('fc2'), activate(parts.fc1.call(scope.child('fc1'), x))),
  };
}
