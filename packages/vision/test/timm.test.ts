// Every vision transformer, DeiT and ResNet of timm, as its own source makes them: accepted with its facts, or refused by name; and its
// EfficientNets, MobileNets, DenseNets and ConvNeXts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ResNetConfig, ViTConfig } from '@hybridmed/vision';
import { visionEncoder, visionWeights } from '@hybridmed/vision';
import { describe, expect, test } from 'vitest';
import { plainConvNeXts } from '../src/convnext/row.ts';
import { plainDenseNets } from '../src/densenet/row.ts';
import type { PlainEfficientNet } from '../src/efficientnet/architectures.ts';
import { plainEfficientNets } from '../src/efficientnet/architectures.ts';
import { plainResNets } from '../src/resnet/weights.ts';
import { plainTransformers } from '../src/vit/architectures.ts';

type Transformer = Partial<ViTConfig> & Pick<ViTConfig, 'width' | 'heads'> & { readonly plain: boolean };
type ResNet = Pick<ResNetConfig, 'block'> & { readonly plain: boolean };

// Written by support/timm_architectures.py.
const timm = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', 'timm-architectures.json'), 'utf8')) as {
  readonly transformers: Readonly<Record<string, Transformer>>;
  readonly resnets: Readonly<Record<string, ResNet>>;
};

/** Reads a checkpoint of the tensors that our encoder of `own` has, with timm's config of a name alone. */
function read(own: ViTConfig | ResNetConfig, architecture: string): ReturnType<typeof visionWeights> {
  const shapes = Object.fromEntries(Object.entries(visionEncoder(own).parameters).map(([name, { shape }]) => [name, shape]));
  return visionWeights(shapes, { config: { architecture }, image: { size: own.imageSize } });
}

const plain = (table: Readonly<Record<string, { readonly plain: boolean }>>): string[] => Object.keys(table).filter((name) => table[name]!.plain);

test('the table of plain architectures is what the source of timm says, no more and no less', () => {
  expect([...plainTransformers, ...plainResNets].toSorted()).toEqual([...plain(timm.transformers), ...plain(timm.resnets)].toSorted());
});

test.each(Object.entries(timm.transformers))('%s', (name, { plain: accepted, ...facts }) => {
  const { epsilon, ...known } = facts;
  const own: ViTConfig = {
    kind: 'vit',
    imageSize: 32,
    patch: 16,
    channels: 3,
    depth: 1,
    ...known,
    ...(epsilon ? { epsilon } : {}),
    ...(known.preNorm ? { patchBias: false } : {}),
  };
  if (!accepted) return expect(() => read(own, name)).toThrow(`"architecture" is "${name}", which is not one that this loads`);
  expect(read(own, name)).toMatchObject({ config: own, assumed: [] });
});

test.each(Object.entries(timm.resnets))('%s', (name, { plain: accepted, block }) => {
  const own: ResNetConfig = { kind: 'resnet', imageSize: 64, channels: 3, layers: [1, 1, 1, 1], channelsPerStage: [64, 128, 256, 512], block: block! };
  if (!accepted) return expect(() => read(own, name)).toThrow(`"architecture" is "${name}", which is not one that this loads`);
  expect(read(own, name).assumed).toEqual([]);
});

// Written by support/timm_convolutional.py.
const { networks } = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', 'timm-convolutional.json'), 'utf8')) as {
  readonly networks: Readonly<Record<string, Partial<PlainEfficientNet> & { readonly plain: boolean; readonly naming?: 'timm' | 'timm_mobilenetv3' }>>;
};
const namesOf = (family: RegExp): string[] => Object.keys(networks).filter((name) => family.test(name));

describe('the tables of convolutional networks are what timm makes, no more and no less', () => {
  test('EfficientNet, MobileNetV2 and MobileNetV3', () => {
    const own = Object.fromEntries(
      (['timm', 'timm_mobilenetv3'] as const).flatMap((naming) =>
        [...plainEfficientNets[naming]].map(([name, facts]) => [name, { plain: true, naming, epsilon: 1e-5, ...facts }]),
      ),
    );
    const made = Object.fromEntries(namesOf(/^(?:tf_)?(?:efficientnet|mobilenet)/).flatMap((name) => (networks[name]!.plain ? [[name, networks[name]]] : [])));
    for (const [name, facts] of Object.entries(own)) expect(facts, name).toEqual(made[name]);
    expect(Object.keys(own).toSorted()).toEqual(Object.keys(made).toSorted());
  });

  test('DenseNet and ConvNeXt', () => {
    expect(namesOf(/^densenet/).filter((name) => networks[name]!.plain)).toEqual([...plainDenseNets].filter((name) => /^densenet\d/.test(name)).toSorted());
    const made = namesOf(/^convnext/).flatMap((name) => (networks[name]!.plain ? [[name, networks[name]!.epsilon]] : []));
    expect(Object.fromEntries(made)).toEqual(Object.fromEntries(plainConvNeXts));
  });
});
