// The row of EfficientNets, MobileNetV2 and MobileNetV3.
import { count, list, objects, oneOf, optional, positive, line } from '@hybridmed/nn/rules';
import { activations } from '@hybridmed/nn/convolution';
import type { EncoderRow, PublishedForm } from '../encoder-row.ts';
import { firstChannels, imageRules } from '../image-input.ts';
import { pretrainedConfig, timmForm } from '../weights/timm-config.ts';
import type { EfficientNetConfig } from './config.ts';
import { efficientnet } from './efficientnet.ts';
import { namings } from './naming.ts';
import { findEfficientNets, readEfficientNet } from './weights.ts';

const channels = count(16_384);
const activation = oneOf(...Object.keys(activations));

/** torchvision's inverted_residual_setting: a stage by its first block. */
const torchvisionStages = ({ stem, stages }: EfficientNetConfig): object[] =>
  stages.map((stage, i) => {
    const { kernel, stride, inner, outputs } = stage[0]!;
    const inputs = stages[i - 1]?.[0]!.outputs ?? stem;
    return { expand_ratio: (inner ?? inputs) / inputs, kernel, stride, input_channels: inputs, out_channels: outputs, num_layers: stage.length };
  });

/** A network as the library whose names it has publishes one. */
function publish(config: EfficientNetConfig): PublishedForm {
  const { names, architecture, head, padding, epsilon = 1e-5, activation: own } = config;
  const images = { ...config, channels: firstChannels(config) };
  if (names === 'timm' || names === 'timm_mobilenetv3') return { ...timmForm(architecture, { in_chans: images.channels }, images), extra: {} };
  const common = { architecture, num_classes: 0, num_features: head };
  if (names === 'torchvision')
    return {
      library: 'torchvision',
      usage: `import safetensors.torch, torchvision
model = torchvision.models.${architecture}().eval()
model.load_state_dict(safetensors.torch.load_file(f"{folder}/model.safetensors"), strict=False)
features = model.features(images)`,
      config: { library: 'torchvision', ...common, inverted_residual_setting: torchvisionStages(config), pretrained_cfg: pretrainedConfig(images) },
      extra: {},
    };
  return {
    library: 'efficientnet_lite_pytorch',
    usage: `import safetensors.torch
from efficientnet_lite_pytorch import EfficientNet
model = EfficientNet.from_name("${architecture}").eval()
model.load_state_dict(safetensors.torch.load_file(f"{folder}/model.safetensors"), strict=False)
features = model.extract_features(images)`,
    config: { ...common, names, batch_norm_eps: epsilon, padding, activation: own, pretrained_cfg: pretrainedConfig(images) },
    extra: {},
  };
}

/** EfficientNet (torchvision, timm, efficientnet_lite_pytorch), MobileNetV2 and MobileNetV3 (timm). */
export const efficientnetRow: EncoderRow<EfficientNetConfig> = {
  published: 'EfficientNets of torchvision, timm and efficientnet_lite_pytorch, MobileNetV2 and MobileNetV3 of timm',
  rules: {
    kind: oneOf('efficientnet'),
    ...imageRules,
    names: oneOf(...Object.keys(namings)),
    architecture: line(80),
    stem: channels,
    stages: list(
      list(objects({ kernel: count(16), stride: count(4), inner: optional(count(65_536)), squeeze: optional(channels), outputs: channels }), 256, 1),
      16,
      1,
    ),
    head: channels,
    activation,
    reluStages: optional(count(16, 0)),
    squeezeActivation: optional(activation),
    gate: optional(oneOf('sigmoid', 'hardSigmoid')),
    padding: optional(oneOf('same', 'symmetric')),
    epsilon: optional(positive(1)),
  },
  relations: ({ stages }) => [['stages', stages.flat().every(({ kernel }) => kernel % 2 === 1), 'of kernels of an odd side']],
  build: efficientnet,
  find: (names) => findEfficientNets(names).map(({ prefix }) => prefix),
  read: readEfficientNet,
  publish,
};
