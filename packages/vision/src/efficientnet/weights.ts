// From the tensors of a published EfficientNet, MobileNetV2 or MobileNetV3 to ours: sizes read off the shapes, the rest by the architecture's name.
import type { ConfigFields } from '@hybridmed/nn/weights';
import { configFields } from '@hybridmed/nn/weights';
import type { PublishedTensors, ReadEncoder } from '../encoder-row.ts';
import type { Tensors } from '../weights/tensors.ts';
import { imageSizeOf, prefixesOf, recipesOf, tensorsOf } from '../weights/tensors.ts';
import { bareName } from '../weights/architecture-names.ts';
import { paddedFirstLayer } from '../weights/first-layer.ts';
import { readTimmConfig, unknownName } from '../weights/timm-config.ts';
import type { PlainEfficientNet } from './architectures.ts';
import { plainEfficientNet, plainEfficientNets } from './architectures.ts';
import type { EfficientNetConfig } from './config.ts';
import { efficientnet } from './efficientnet.ts';
import type { InvertedResidual } from './inverted-residual.ts';
import type { Naming, NamesOf } from './naming.ts';
import { namings } from './naming.ts';

/** Prefixes under which such networks lie, and whose names they have. */
export const findEfficientNets = (names: readonly string[]): { prefix: string; naming: NamesOf }[] =>
  (Object.entries(namings) as [NamesOf, Naming][]).flatMap(([naming, { stem, mark }]) =>
    prefixesOf(names, `${stem}.weight`, mark).map((prefix) => ({ prefix, naming })),
  );

/** A block by what it holds. */
function readBlock({ has, shapeOf, fail }: Tensors, naming: Naming, block: string, stride: number): InvertedResidual {
  const at = (name: string): string => `${block}.${name}.weight`;
  // The fullest plan whose tensors are there; timm calls another convolution by the name that the last one has in a block without the first.
  const plans = [{ inner: 1, squeeze: 1 }, { inner: 1 }, { squeeze: 1 }, {}].map((plan) => ({ plan, parts: naming.parts(plan) }));
  const fits = ({ plan, parts }: (typeof plans)[number]): boolean => {
    const wanted = [parts.depthwise, parts.project, ...('inner' in plan ? [parts.expand] : []), ...('squeeze' in plan ? [parts.reduce, parts.grow] : [])];
    return wanted.every((name) => has(at(name))) && ('squeeze' in plan || !has(at(parts.reduce))) && shapeOf(at(parts.depthwise))[1] === 1;
  };
  const plan = plans.find(fits) ?? fail(`its "${block}" is no inverted residual that this loads; the network is of another architecture`);
  const { depthwise, reduce, project } = plan.parts;
  const [inner, , kernel, across] = shapeOf(at(depthwise)) as [number, number, number, number];
  if (kernel !== across || kernel % 2 === 0) fail(`"${at(depthwise)}" has a kernel of ${kernel} x ${across}; this loads square ones of an odd side`);
  return {
    kernel,
    stride,
    ...('inner' in plan.plan ? { inner } : {}),
    ...('squeeze' in plan.plan ? { squeeze: shapeOf(at(reduce))[0]! } : {}),
    outputs: shapeOf(at(project))[0]!,
  };
}

/** Number of blocks of each stage: counted by their names, or by the architecture where names do not tell stages apart. */
function repeatsOf({ has }: Tensors, naming: Naming, { repeats, strides }: PlainEfficientNet): readonly number[] {
  if (repeats) return repeats;
  const present = (stage: number, index: number): boolean => {
    const block = naming.block({ stage, index, all: 0 });
    return [{}, { inner: 1 }].some((plan) => has(`${block}.${naming.parts(plan).depthwise}.weight`));
  };
  return strides.map((_, stage) => {
    let count = 0;
    while (present(stage, count)) count++;
    return count;
  });
}

/** The architecture by the config. Throws a WeightsError where it names none, or none of ours. */
function statedBy(fields: ConfigFields, naming: NamesOf): { readonly architecture: string; readonly facts: PlainEfficientNet } {
  const known = [...plainEfficientNets[naming].keys()];
  const { name, pooling } = readTimmConfig(fields, 'bn_eps bn_momentum norm_layer act_layer', ['avg']);
  if (name === undefined)
    return fields.refuse(
      'architecture',
      `is missing, and the tensors do not tell steps, padding, epsilon and activation; write which it is, such as "${known[0]}"`,
    );
  const args = fields.inner('model_args');
  for (const key of ['bn_eps', 'bn_momentum', 'norm_layer', 'act_layer'])
    if (args.has(key)) args.refuse(key, 'changes what the architecture computes; load a checkpoint without it');
  const facts = plainEfficientNet(naming, name) ?? fields.refuse('architecture', unknownName(name, `"${known[0]}"`));
  if (pooling === 'token') fields.refuse('global_pool', 'is "token"; this network is pooled by avg');
  return { architecture: bareName(name), facts: { ...facts, strides: stridesOf(fields, facts) } };
}

/** Steps of each stage: those that torchvision's settings state, else those of the architecture. */
function stridesOf(fields: ConfigFields, { strides }: PlainEfficientNet): readonly number[] {
  if (!fields.has('inverted_residual_setting')) return strides;
  return fields.objects('inverted_residual_setting').map((stage) => stage.count('stride'));
}

/** Our configuration and recipes. Throws a WeightsError for a network of another plan, or a config of another. */
export function readEfficientNet(checkpoint: PublishedTensors): ReadEncoder<EfficientNetConfig> {
  const { shapes, prefix, configLabel, label, image, normalization } = checkpoint;
  const { naming: names } = findEfficientNets(Object.keys(shapes)).find((one) => one.prefix === prefix)!;
  const naming: Naming = namings[names];
  const tensors = tensorsOf(checkpoint);
  const fields = configFields(checkpoint.config ?? {}, configLabel);
  const { architecture, facts } = statedBy(fields, names);
  const { strides, squeezes, activation, reluStages, squeezeActivation, gate, padding, epsilon } = facts;
  const more = { activation, reluStages, squeezeActivation, gate, padding, epsilon };
  let all = 0;
  const stages = repeatsOf(tensors, naming, facts).map((count, stage) =>
    Array.from({ length: count }, (_, index) => readBlock(tensors, naming, naming.block({ stage, index, all: all++ }), index === 0 ? strides[stage]! : 1)),
  );
  const empty = stages.findIndex((stage) => stage.length === 0);
  if (empty >= 0) tensors.fail(`has no blocks of stage ${empty}; the checkpoint is cut short, or not of "${architecture}"`);
  const other = squeezes === undefined ? undefined : stages.flat().find(({ squeeze }) => (squeeze !== undefined) !== squeezes);
  if (other)
    fields.refuse(
      'architecture',
      `is "${architecture}", whose blocks have ${squeezes ? '' : 'no '}squeeze-and-excitation; the tensors say otherwise: the config is of another checkpoint`,
    );
  const stem = tensors.shapeOf(`${naming.stem}.weight`);
  const { channels: wanted = stem[1]! } = image;
  const first = paddedFirstLayer({ tensor: `${prefix}${naming.stem}.weight`, shape: stem, wanted, normalization, label });
  const config: EfficientNetConfig = {
    kind: 'efficientnet',
    imageSize: image.size ?? imageSizeOf(fields) ?? 224,
    channels: wanted,
    ...first.input,
    names,
    architecture,
    stem: stem[0]!,
    stages,
    head: tensors.shapeOf(`${naming.head(stages.length)[0]}.weight`)[0]!,
    ...(Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined)) as Pick<EfficientNetConfig, keyof typeof more>),
  };
  return {
    config,
    recipes: { ...recipesOf(checkpoint, efficientnet(config).parameters, naming.unused), [`${naming.stem}.weight`]: first.recipe },
    assumed: [],
  };
}
