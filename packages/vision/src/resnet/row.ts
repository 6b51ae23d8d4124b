// The row of ResNets.
import { count, list, oneOf, optional } from '@hybridmed/nn/rules';
import { HybridmedError } from '@hybridmed/tensor';
import type { EncoderRow } from '../encoder-row.ts';
import { firstChannels, imageRules } from '../image-input.ts';
import { timmForm } from '../weights/timm-config.ts';
import type { ResNetConfig } from './resnet.ts';
import { resnet } from './resnet.ts';
import { findResNets, readResNet } from './weights.ts';

/** ResNet under torchvision's and timm's names. */
export const resnetRow: EncoderRow<ResNetConfig> = {
  published: 'ResNets of torchvision and timm',
  rules: {
    kind: oneOf('resnet'),
    ...imageRules,
    layers: list(count(256), 8, 1),
    channelsPerStage: list(count(16_384), 8, 1),
    stem: optional(count(16_384)),
    block: optional(oneOf('basic', 'bottleneck')),
  },
  relations: (config) => [['channelsPerStage', config.channelsPerStage.length === config.layers.length, 'as long as "layers"']],
  build: resnet,
  find: findResNets,
  read: readResNet,
  publish(config) {
    const { layers, channelsPerStage, stem = 64, block = 'bottleneck' } = config;
    if (stem !== 64 || layers.length !== 4) throw new HybridmedError('save: timm has ResNets of four stages after a stem of 64 channels; this one differs');
    const channels = firstChannels(config);
    const args = { in_chans: channels, layers, channels: channelsPerStage };
    return { ...timmForm(block === 'basic' ? 'resnet18' : 'resnet50', args, { ...config, channels }), extra: {} };
  },
};
