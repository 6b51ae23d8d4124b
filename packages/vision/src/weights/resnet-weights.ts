// From the tensors of a torchvision or timm ResNet-18, 34, 50 or 101 (or any of their plan) to ours.
import type { Recipe, TensorShapes } from '@hybridmed/nn/weights';
import { configFields, WeightsError } from '@hybridmed/nn/weights';
import type { ResNetConfig } from '../resnet.ts';
import { fitChannels } from './fit-channels.ts';
import { checkPlainResNet } from './stated-timm.ts';
import type { WantedImage } from './vit-weights.ts';

const anchor = 'layer1.0.conv1.weight';

/** Prefixes under which a ResNet lies. */
export const findResNets = (names: readonly string[]): string[] =>
  names.flatMap((name) => {
    const prefix = name.slice(0, -anchor.length);
    return name === prefix + anchor && (prefix === '' || prefix.endsWith('.')) ? [prefix] : [];
  });

const parameter =
  /^(?:conv1\.weight|bn1\.(?:weight|bias|running_mean|running_var)|layer\d+\.\d+\.(?:conv\d\.weight|bn\d\.(?:weight|bias|running_mean|running_var)|downsample\.(?:0\.weight|1\.(?:weight|bias|running_mean|running_var))))$/;

/** Our configuration and recipes of a ResNet found under `prefix`. Throws a WeightsError for one of another plan (deep stems, squeeze-and-excitation, groups). */
export function resnetWeights(
  shapes: TensorShapes,
  prefix: string,
  { config: json, configLabel, label, image }: { config: unknown; configLabel: string; label: string; image: WantedImage },
): { config: ResNetConfig; recipes: Record<string, Recipe>; assumed: readonly string[] } {
  const fail = (problem: string): never => {
    throw new WeightsError(`${label}: ${problem}`);
  };
  const assumed = checkPlainResNet(configFields(json ?? {}, configLabel));
  const own = Object.keys(shapes).flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
  const segments = Object.keys(shapes).find((name) => /(?:^|\.)(?:aux_)?classifier\.0\.(?:.+\.)?weight$/.test(name) && shapes[name]!.length === 4);
  if (segments !== undefined) fail(`tensor "${segments}" is of a segmentation network, whose ResNet is dilated; this loads ResNets that are not`);
  const recipes: Record<string, Recipe> = {};
  for (const name of own) {
    if (parameter.test(name)) recipes[name] = { from: [prefix + name] };
    else if (/^(?:conv1|bn1|layer\d+|stem|attnpool)\./.test(name) && !name.endsWith('num_batches_tracked'))
      fail(`tensor "${prefix}${name}" is of a ResNet of another plan; this loads torchvision's and timm's plain ResNets, such as 18, 34, 50 and 101`);
  }
  const shapeOf = (name: string) => shapes[prefix + name] ?? fail(`has no tensor "${prefix}${name}"; the checkpoint is cut short`);
  const layers: number[] = [];
  for (let stage = 1; own.includes(`layer${stage}.0.conv1.weight`); stage++) {
    let count = 1;
    while (own.includes(`layer${stage}.${count}.conv1.weight`)) count++;
    layers.push(count);
  }
  const block = own.includes('layer1.0.conv3.weight') ? 'bottleneck' : 'basic';
  const [stem, channels, side] = shapeOf('conv1.weight') as [number, number, number];
  if (side !== 7) fail(`its first convolution is ${side} x ${side}; this loads ResNets that begin with 7 x 7`);
  const { channels: wanted = channels } = image;
  const config: ResNetConfig = {
    kind: 'resnet',
    imageSize: image.size ?? 224,
    channels: wanted,
    layers,
    channelsPerStage: layers.map((_, i) => shapeOf(`layer${i + 1}.0.conv1.weight`)[0]!),
    ...(stem === 64 ? {} : { stem }),
    ...(block === 'basic' ? { block } : {}),
  };
  if (channels !== wanted) recipes['conv1.weight'] = fitChannels(`${prefix}conv1.weight`, shapeOf('conv1.weight'), wanted, label);
  return { config, recipes, assumed };
}
