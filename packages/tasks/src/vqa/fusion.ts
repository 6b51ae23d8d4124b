// Fusion of a question with an image: layers in which the question's tokens attend to themselves and to the image's.
import { attentionLayer } from '@hybridmed/decoder';
import type { ParameterSpecs, Scope } from '@hybridmed/nn';
import { collect, dropout, layerNorm, linear } from '@hybridmed/nn';
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';

/** Sizes of a fusion. */
export interface FusionConfig {
  /** Width of the question's tokens, which is the fusion's own. */
  readonly width: number;
  readonly heads: number;
  readonly depth: number;
  /** Width of the image's tokens; without it the layers read the question alone. */
  readonly image?: number;
  /** Rate on hidden states. */
  readonly dropout?: number;
}

/** A fusion as a function of a scope. */
export interface Fusion {
  readonly parameters: ParameterSpecs;
  /** question (B, L, width) with mask (B, L), image tokens (B, N, image width) -> (B, L, width), after a final layer norm. */
  call(scope: Scope, question: Tensor, mask: Tensor, image?: Tensor): Tensor;
}

const epsilon = 1e-5;

interface Layer {
  readonly parameters: ParameterSpecs;
  call(scope: Scope, h: Tensor, mask: Tensor, image?: Tensor): Tensor;
}

/** h += SA(LN h); h += XA(LN h, image); h += FFN(LN h), the FFN 4 times as wide with erf GELU. */
function fusionLayer({ width, heads, image: imageWidth, dropout: rate = 0 }: FusionConfig): Layer {
  const norm = () => layerNorm({ width, epsilon });
  const common = {
    norm_self: norm(),
    self_attn: attentionLayer({ width, heads }),
    norm_ffn: norm(),
    'ffn.fc1': linear({ inputs: width, outputs: 4 * width }),
    'ffn.fc2': linear({ inputs: 4 * width, outputs: width }),
  };
  const cross = imageWidth === undefined ? undefined : { norm_cross: norm(), cross_attn: attentionLayer({ width, heads, memory: imageWidth }) };
  return {
    parameters: collect({ ...common, ...cross }),
    call(scope, h0, mask, image) {
      const add = (h: Tensor, change: Tensor, site: string) => ops.add(h, dropout(scope, change, rate, site));
      const own = scope.child('self_attn');
      const normed = common.norm_self.call(scope.child('norm_self'), h0);
      let h = add(h0, common.self_attn.attend(own, normed, common.self_attn.project(own, normed), { mask }), 'self');
      if (cross && image) {
        const at = scope.child('cross_attn');
        h = add(h, cross.cross_attn.attend(at, cross.norm_cross.call(scope.child('norm_cross'), h), cross.cross_attn.project(at, image)), 'cross');
      }
      const inner = ops.gelu(common['ffn.fc1'].call(scope.child('ffn.fc1'), common.norm_ffn.call(scope.child('norm_ffn'), h)));
      return add(h, common['ffn.fc2'].call(scope.child('ffn.fc2'), inner), 'ffn');
    },
  };
}

/** Builds a fusion. */
export function fusion(config: FusionConfig): Fusion {
  const layers = Array.from({ length: config.depth }, () => fusionLayer(config));
  const norm = layerNorm({ width: config.width, epsilon });
  return {
    parameters: collect({ ...Object.fromEntries(layers.map((layer, i) => [`layers.${i}`, layer])), norm }),
    call(scope, question, mask, image) {
      let h = question;
      layers.forEach((layer, i) => (h = layer.call(scope.child(`layers.${i}`), h, mask, image)));
      return norm.call(scope.child('norm'), h);
    },
  };
}
