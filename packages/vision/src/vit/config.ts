// The configuration of a vision transformer, as checkpoints keep it.
import type { ImageInput } from '../image-input.ts';
import type { Mlp } from './mlp.ts';

/** Sizes of a ViT. `imageSize` and `patch` are sides in pixels. */
export interface ViTConfig extends ImageInput {
  readonly kind: 'vit';
  readonly patch: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Rate on hidden states; attention probabilities are never dropped. */
  readonly dropout?: number;
  /** Inner width of the MLP: 4 widths. */
  readonly ffn?: number;
  /** Kind of the MLP: erf GELU. */
  readonly mlp?: Mlp;
  /** Of every layer norm: 1e-6. */
  readonly epsilon?: number;
  /** Whether query, key and value have biases: true. */
  readonly qkvBias?: boolean;
  /** Whether the patch projection has a bias: true. CLIP has none. */
  readonly patchBias?: boolean;
  /** A layer norm before the first block, as CLIP has. */
  readonly preNorm?: boolean;
  /** A learned factor per channel on each residual branch (DINOv2). */
  readonly layerScale?: boolean;
  /** Number of register tokens [Darcet et al. 2024]; then neither they nor the class token have positions. */
  readonly registers?: number;
  /** What `global` is: the class token, or the mean of the patches; `meanNormed` norms that mean alone and not the tokens (timm's `fc_norm`); `attention` is that of a learned query over the patches (SigLIP). */
  readonly pool?: 'class' | 'mean' | 'meanNormed' | 'attention';
  /** Without a class token `global` is a mean: true. */
  readonly classToken?: boolean;
}

const vit224 = (width: number, heads: number): ViTConfig => ({ kind: 'vit', imageSize: 224, patch: 16, channels: 3, width, depth: 12, heads });

/** ViT-Ti/16 [Touvron et al. 2021]. */
export const vitTi16: ViTConfig = vit224(192, 3);
/** ViT-S/16 [Touvron et al. 2021]. */
export const vitS16: ViTConfig = vit224(384, 6);
/** ViT-B/16 [Dosovitskiy et al. 2021]. */
export const vitB16: ViTConfig = vit224(768, 12);
