// timm's vision transformers that compute what ours do, by name, with what their tensors cannot tell. A name that is not here is refused: the same
// tensors may be of post-norm blocks, anti-aliased pooling, other activations, or attention of another kind.
import { bareName, expandNames } from '../weights/architecture-names.ts';

/** What the name of a vision transformer tells. */
export interface PlainTransformer {
  readonly width: number;
  readonly heads: number;
  readonly activation: 'gelu' | 'quickGelu' | 'geluTanh';
  readonly epsilon: number;
  /** How timm pools it where a config does not say. */
  readonly pool: 'token' | 'avg' | 'map';
}

type Facts = readonly [width: number, heads: number, pool: PlainTransformer['pool'], names: string];

// {a,b} stands for each of them.
const usual: readonly Facts[] = [
  [64, 2, 'token', 'test_vit'],
  [64, 2, 'avg', 'test_vit2'],
  [192, 3, 'token', 'vit_tiny_patch16_{224,384,224_in21k} deit_tiny_patch16_224'],
  [256, 4, 'avg', 'vit_wee_patch16_reg1_gap_256'],
  [320, 5, 'avg', 'vit_little_patch16_{reg1,reg4}_gap_256'],
  [384, 6, 'token', 'vit_small_patch32_{224,384,224_in21k} vit_small_patch16_{224,384,224_in21k,224_dino,36x1_224} vit_small_patch8_{224,224_dino}'],
  [384, 6, 'token', 'flexivit_small vit_small_patch14_{dinov2,reg4_dinov2} deit_small_patch16_224 deit3_small_patch16_{224,384,224_in21ft1k,384_in21ft1k}'],
  [512, 8, 'avg', 'vit_medium_patch16_{gap_240,gap_256,gap_384,reg1_gap_256,reg4_gap_256} vit_mediumd_patch16_reg4_gap_{256,384}'],
  [512, 8, 'token', 'deit3_medium_patch16_{224,224_in21ft1k}'],
  [640, 10, 'avg', 'vit_betwixt_patch16_{gap_256,reg1_gap_256,reg4_gap_256,reg4_gap_384}'],
  [768, 12, 'token', 'vit_base_patch32_{224,384,224_in21k,224_sam} vit_base_patch16_{224,384,224_in21k,224_sam,224_dino,224_miil,224_miil_in21k}'],
  [768, 12, 'token', 'vit_base_patch8_{224,224_in21k,224_dino} flexivit_base vit_base_patch14_{dinov2,reg4_dinov2,reg1_tipsv2}'],
  [768, 12, 'token', 'deit_base_patch16_{224,384} deit3_base_patch16_{224,384,224_in21ft1k,384_in21ft1k}'],
  [768, 12, 'avg', 'vit_base_patch16_siglip_gap_{224,256,384,512} vit_base_patch16_reg4_gap_256'],
  [768, 16, 'avg', 'vit_base_patch16_gap_224'],
  [768, 12, 'map', 'vit_base_patch16_siglip_{224,256,384,512}'],
  [832, 13, 'avg', 'vit_so150m2_patch16_reg1_gap_{256,384,448}'],
  [896, 14, 'token', 'vit_base_patch32_plus_256 vit_base_patch16_plus_240'],
  [896, 14, 'map', 'vit_so150m_patch16_reg4_map_256'],
  [896, 14, 'avg', 'vit_so150m_patch16_reg4_gap_{256,384}'],
  [1024, 16, 'token', 'vit_large_patch32_{224,384,224_in21k} vit_large_patch16_{224,384,224_in21k} vit_large_patch14_{224,dinov2,reg4_dinov2,reg1_tipsv2}'],
  [1024, 16, 'token', 'flexivit_large deit3_large_patch16_{224,384,224_in21ft1k,384_in21ft1k}'],
  [1024, 16, 'avg', 'eva_large_patch14_{196,336} vit_large_patch16_siglip_gap_{256,384}'],
  [1024, 16, 'map', 'vit_large_patch16_siglip_{256,384}'],
  [1152, 16, 'map', 'vit_so400m_patch14_siglip_{224,378,384}'],
  [1152, 16, 'token', 'vit_so400m_patch14_reg1_tipsv2'],
  [1152, 16, 'avg', 'vit_so400m_patch14_siglip_gap_{224,378,384,448,896}'],
  [1280, 16, 'token', 'vit_huge_patch14_{224,224_in21k} deit3_huge_patch14_{224,224_in21ft1k}'],
  [1280, 16, 'avg', 'vit_huge_patch14_gap_224 vit_huge_patch16_gap_448'],
  [1408, 16, 'token', 'vit_giant_patch14_224'],
  [1408, 16, 'avg', 'vit_giant_patch16_gap_224'],
  [1536, 24, 'token', 'vit_giant_patch14_{dinov2,reg4_dinov2,reg1_tipsv2}'],
  [1664, 16, 'token', 'vit_gigantic_patch14_224'],
];

const clip: readonly Facts[] = [
  [256, 4, 'token', 'vit_xsmall_patch16_clip_224'],
  [512, 8, 'token', 'vit_medium_patch32_clip_224 vit_medium_patch16_clip_224'],
  [640, 10, 'token', 'vit_betwixt_patch32_clip_224'],
  [768, 12, 'token', 'vit_base_patch32_clip_{224,256,384,448} vit_base_patch16_clip_{224,384} vit_base_patch32_224_clip_laion2b'],
  [896, 14, 'token', 'vit_base_patch16_plus_clip_240'],
  [1024, 16, 'token', 'vit_large_patch14_clip_{224,336} vit_large_patch14_224_clip_laion2b'],
  [1280, 16, 'token', 'vit_huge_patch14_clip_{224,336,378} vit_huge_patch14_224_clip_laion2b'],
  [1408, 16, 'token', 'vit_giant_patch14_clip_224 vit_giant_patch14_224_clip_laion2b'],
  [1664, 16, 'token', 'vit_gigantic_patch14_clip_{224,378}'],
];

const tanh: readonly Facts[] = [
  [768, 12, 'map', 'vit_base_patch32_siglip_256'],
  [768, 12, 'avg', 'vit_base_patch32_siglip_gap_256'],
  [1024, 16, 'map', 'vit_large_patch16_siglip_512'],
  [1024, 16, 'avg', 'vit_large_patch16_siglip_gap_512'],
  [1152, 16, 'map', 'vit_so400m_patch16_siglip_{256,384,512}'],
  [1152, 16, 'avg', 'vit_so400m_patch16_siglip_gap_{256,384,512}'],
  [1536, 16, 'map', 'vit_giantopt_patch16_siglip_{256,384}'],
  [1536, 16, 'avg', 'vit_giantopt_patch16_siglip_gap_{256,384}'],
];

const quick: readonly Facts[] = [
  [768, 12, 'token', 'vit_base_patch32_clip_quickgelu_224 vit_base_patch16_clip_quickgelu_224'],
  [1024, 16, 'token', 'vit_large_patch14_clip_quickgelu_{224,336}'],
  [1280, 16, 'token', 'vit_huge_patch14_clip_quickgelu_{224,378}'],
  [1664, 16, 'token', 'vit_gigantic_patch14_clip_quickgelu_224'],
];

const entries = (facts: readonly Facts[], activation: PlainTransformer['activation'], epsilon: number): [string, PlainTransformer][] =>
  facts.flatMap(([width, heads, pool, names]) =>
    expandNames(names).map((name): [string, PlainTransformer] => [name, { width, heads, activation, epsilon, pool }]),
  );

const transformers = new Map([
  ...entries(usual, 'gelu', 1e-6),
  ...entries(clip, 'gelu', 1e-5),
  ...entries(quick, 'quickGelu', 1e-5),
  ...entries(tanh, 'geluTanh', 1e-6),
]);

/** What is known of a vision transformer by its name; undefined for one that may compute something else. */
export const plainTransformer = (name: string): PlainTransformer | undefined => transformers.get(bareName(name));

/** Every name in the table. */
export const plainTransformers: readonly string[] = [...transformers.keys()];
