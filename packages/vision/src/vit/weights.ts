// From the tensors of a published vision transformer to our ViT: sizes read off the shapes, and what each parameter is made of.
import { sizeOf } from '@hybridmed/tensor';
import type { Recipe, TensorShapes } from '@hybridmed/nn/weights';
import { WeightsError } from '@hybridmed/nn/weights';
import type { ViTConfig } from './config.ts';
import type { PublishedTensors, ReadEncoder } from '../encoder-row.ts';
import { paddedFirstLayer, unpaddedFirstLayer } from '../weights/first-layer.ts';
import { findTransformers, placeOf } from './tensor-names.ts';
import type { Resampling } from './resample-positions.ts';
import { resamplePositions } from './resample-positions.ts';
import { readStated } from './stated-config.ts';

/** Names in a checkpoint by our parameter, in the order in which they are joined. */
type Places = ReadonlyMap<string, readonly string[]>;

function placesOf(shapes: TensorShapes, prefix: string, label: string): Places {
  const places = new Map<string, string[]>();
  for (const name of Object.keys(shapes)) {
    if (!name.startsWith(prefix)) continue;
    const place = placeOf(name.slice(prefix.length));
    if (place === 'unknown')
      throw new WeightsError(`${label}: tensor "${name}" is of no vision transformer that this loads; the network computes something else than ours would`);
    if (!place) continue;
    const parts = places.get(place.parameter) ?? [];
    if (parts[place.part] !== undefined)
      throw new WeightsError(`${label}: "${parts[place.part]}" and "${name}" are one parameter; keep one encoder in the file`);
    parts[place.part] = name;
    places.set(place.parameter, parts);
  }
  return places;
}

/** Our configuration, and recipes for its parameters, of a vision transformer. Throws a WeightsError for sizes that contradict each other. */
export function readViT(checkpoint: PublishedTensors): ReadEncoder<ViTConfig> {
  const { shapes, prefix, config: json, configLabel, label, image } = checkpoint;
  const { library } = findTransformers(Object.keys(shapes)).find((one) => one.prefix === prefix)!;
  const places = placesOf(shapes, prefix, label);
  const fail = (problem: string): never => {
    throw new WeightsError(`${label}: ${problem}`);
  };
  const first = (parameter: string): string | undefined => places.get(parameter)?.[0];
  const shapeOf = (parameter: string): readonly number[] => shapes[first(parameter) ?? fail(`has no tensor for ${parameter}; the checkpoint is cut short`)]!;
  const rowsOf = (parameter: string): number => (places.get(parameter) ?? []).reduce((rows, name) => rows + shapes[name]![0]!, 0);

  const patchShape = shapeOf('patch_embed.proj.weight');
  const [width, channels, patch] = patchShape as [number, number, number];
  if (patchShape.length !== 4 || patchShape[3] !== patch || patchShape.includes(0))
    fail(`its patch projection has shape [${patchShape.join(', ')}]; patches must be square`);
  const depth = blockCount(places, fail);
  const fc2 = shapeOf('blocks.0.mlp.fc2.weight');
  const [ffn, rows] = [fc2[1] ?? 0, rowsOf('blocks.0.mlp.fc1.weight')];
  if (rows !== ffn && rows !== 2 * ffn) fail(`its MLP has ${rows} rows before and ${ffn} columns after; GELU needs as many, SwiGLU twice as many`);
  const classToken = places.has('cls_token');
  const attentionPool = places.has('attn_pool.latent');
  const pooledNorm = places.has('fc_norm.weight') && !places.has('norm.weight');
  const facts = { preNorm: places.has('norm_pre.weight'), classToken, distilled: places.has('dist_token'), gated: rows === 2 * ffn, pooledNorm, attentionPool };
  const stated = readStated(json, configLabel, library, { width, depth, patch, channels, ffn }, facts);
  if (rows === 2 * ffn && stated.activation !== 'gelu') fail('its MLP has gates, and its config another activation than SwiGLU has');
  const registers = ['dist_token', 'reg_token'].flatMap((name) => places.get(name) ?? []);
  const registerCount = registers.reduce((count, name) => count + tokensIn(shapes[name]!, width, name, fail), 0);
  const pool = attentionPool ? 'attention' : pooledNorm ? 'meanNormed' : (stated.pool ?? (classToken ? 'class' : 'mean'));
  const positions = first('pos_embed') ?? fail('has no position embedding; encoders with rotary or computed positions are not loaded');
  const grid = positionGrid(tokensIn(shapes[positions]!, width, positions, fail), { classToken, registerCount }, fail);
  const { size = grid.side * patch, channels: wanted = channels } = image;
  if (size % patch !== 0)
    fail(`its patches of ${patch} pixels do not divide images of ${size}; give --image-size ${Math.max(patch, Math.round(size / patch) * patch)}`);
  const config: ViTConfig = {
    kind: 'vit',
    imageSize: size,
    patch,
    channels: wanted,
    width,
    depth,
    heads: stated.heads,
    ...(ffn === 4 * width ? {} : { ffn }),
    ...(rows === 2 * ffn ? { mlp: 'swiglu' as const } : stated.activation === 'gelu' ? {} : { mlp: stated.activation }),
    ...(stated.epsilon === 1e-6 ? {} : { epsilon: stated.epsilon }),
    ...optionalParts(places),
    ...(registerCount > 0 ? { registers: registerCount } : {}),
    ...(pool === 'class' ? {} : { pool }),
    ...(classToken ? {} : { classToken: false }),
  };
  const recipes: Record<string, Recipe> = {};
  for (const [parameter, from] of places) recipes[parameter] = { from, ...(from.length > 1 ? { note: `${from.length} joined` } : {}) };
  // open_clip has one name for the norm before and after pooling.
  if (pool === 'meanNormed' && !recipes['fc_norm.weight']) for (const leaf of ['weight', 'bias']) moveRecipe(recipes, `norm.${leaf}`, `fc_norm.${leaf}`);
  const patches = patchRecipes(checkpoint, { tensor: first('patch_embed.proj.weight')!, bias: first('patch_embed.proj.bias'), shape: patchShape, wanted });
  Object.assign(recipes, patches.recipes);
  Object.assign(recipes, tokenRecipes({ positions, classToken: first('cls_token'), registers }, grid, config, stated.resampling));
  return { config: { ...config, ...patches.input }, recipes, assumed: stated.assumed };
}

/** Recipes of the patch projection: normalization is folded into weight and bias; where there is no bias, it is the encoder's first step. */
function patchRecipes(
  { normalization, label }: PublishedTensors,
  { tensor, bias, shape, wanted }: { tensor: string; bias: string | undefined; shape: readonly number[]; wanted: number },
): { recipes: Record<string, Recipe>; input: Partial<ViTConfig> } {
  const layer = { tensor, shape, wanted, normalization, label };
  if (bias === undefined) {
    const { recipe, input } = paddedFirstLayer(layer);
    return { recipes: { 'patch_embed.proj.weight': recipe }, input };
  }
  const folded = unpaddedFirstLayer(layer, bias);
  return { recipes: { 'patch_embed.proj.weight': folded.weight, 'patch_embed.proj.bias': folded.bias }, input: {} };
}

/** Parts that a block or the input has or lacks, by what the checkpoint holds. */
const optionalParts = (places: Places): Partial<ViTConfig> => ({
  ...(places.has('blocks.0.attn.qkv.bias') ? {} : { qkvBias: false }),
  ...(places.has('patch_embed.proj.bias') ? {} : { patchBias: false }),
  ...(places.has('norm_pre.weight') ? { preNorm: true } : {}),
  ...(places.has('blocks.0.ls1.gamma') ? { layerScale: true } : {}),
});

const moveRecipe = (recipes: Record<string, Recipe>, from: string, to: string): void => {
  if (recipes[from]) recipes[to] = recipes[from];
  delete recipes[from];
};

/** Number of blocks; they are numbered from 0 without a gap. */
function blockCount(places: Places, fail: (problem: string) => never): number {
  const indices = new Set([...places.keys()].flatMap((name) => /^blocks\.(\d+)\./.exec(name)?.[1] ?? []));
  for (let i = 0; i < indices.size; i++) if (!indices.has(String(i))) fail(`has ${indices.size} blocks but none with number ${i}; the checkpoint is cut short`);
  return indices.size === 0 ? fail('has no blocks; the checkpoint is cut short') : indices.size;
}

/** Number of tokens of a tensor (1, n, width) or (width). */
function tokensIn(shape: readonly number[], width: number, name: string, fail: (problem: string) => never): number {
  const count = sizeOf(shape) / width;
  return Number.isInteger(count) && shape.at(-1) === width
    ? count
    : fail(`tensor "${name}" has shape [${shape.join(', ')}]; its last axis must be the width ${width}`);
}

/** Where the patches' positions begin, and the side of their square grid. */
interface PositionGrid {
  readonly before: number;
  readonly side: number;
}

/** Positions for no token, the class token, or all tokens before the patches: what leaves a square. */
function positionGrid(
  rows: number,
  { classToken, registerCount }: { classToken: boolean; registerCount: number },
  fail: (problem: string) => never,
): PositionGrid {
  const prefix = (classToken ? 1 : 0) + registerCount;
  const options = registerCount > 0 ? [0, classToken ? 1 : 0, prefix] : [prefix, 0];
  const before = options.find((count) => rows > count && Number.isInteger(Math.sqrt(rows - count)));
  if (before === undefined) return fail(`its ${rows} positions are no square grid of patches with ${prefix} tokens before it`);
  return { before, side: Math.sqrt(rows - before) };
}

interface TokenNames {
  readonly positions: string;
  readonly classToken: string | undefined;
  readonly registers: readonly string[];
}

/**
 * Class token, registers and positions. Where there are registers, ours have no positions for what comes before the patches, as timm's
 * DINOv2 has none: theirs are added to the tokens, which computes the same.
 */
function tokenRecipes(
  { positions, classToken, registers }: TokenNames,
  { before, side: from }: PositionGrid,
  { width, imageSize, patch, registers: registerCount = 0 }: ViTConfig,
  how: Resampling,
): Record<string, Recipe> {
  const prefix = (classToken ? 1 : 0) + registerCount;
  const to = imageSize / patch;
  const keepClass = classToken !== undefined && registers.length === 0;
  const grid = (values: Float32Array): Float32Array => {
    const own = values.subarray(before * width);
    return from === to ? own : resamplePositions(own, { from, to, width, how });
  };
  const recipes: Record<string, Recipe> = {
    pos_embed: {
      from: [positions],
      convert(values) {
        const patches = grid(values);
        if (!keepClass) return patches.slice();
        const out = new Float32Array(width + patches.length);
        if (before > 0) out.set(values.subarray(0, width));
        out.set(patches, width);
        return out;
      },
      ...(from === to ? {} : { note: `${from} x ${from} patches resampled to ${to} x ${to}` }),
    },
  };
  // The tokens' own values come first, then all positions.
  const placed = (names: readonly string[], count: number, offset: number): Recipe => ({
    from: [...names, positions],
    convert: (values) => values.slice(0, count * width).map((value, i) => value + values[(count + offset) * width + i]!),
    note: 'with its position',
  });
  if (classToken) recipes.cls_token = registers.length > 0 && before > 0 ? placed([classToken], 1, 0) : { from: [classToken] };
  if (registerCount > 0) recipes.reg_token = before === prefix && before > 1 ? placed(registers, registerCount, classToken ? 1 : 0) : { from: registers };
  return recipes;
}
