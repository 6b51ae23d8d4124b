// The small ViT's training step in TensorFlow.js: its tape's gradients of all variables, and its own Adam.
import { geluTf, layerNormTf } from '../engines/tfjs-ops.ts';
import type { Tf, TfTensor, TfVariable } from '../engines/tfjs-types.ts';
import type { Task } from '../task.ts';
import type { VitRun } from './prepared.ts';
import type { VitProblem } from './problem.ts';

/** Mean cross-entropy of the class token's logits. */
function lossOf(tf: Tf, { config, batch, classes }: VitProblem, p: Readonly<Record<string, TfVariable>>, x: TfTensor, labels: TfTensor): TfTensor {
  const { imageSize, patch, channels, width, heads, depth } = config;
  const side = imageSize / patch;
  const tokens = side * side + 1;
  const linear = (name: string, h: TfTensor) => {
    const [inputs, weight] = [h.shape.at(-1)!, p[`${name}.weight`]!];
    const product = tf.matMul(h.reshape([-1, inputs]), weight, false, true).add(p[`${name}.bias`]!);
    return product.reshape([...h.shape.slice(0, -1), weight.shape[0]!]);
  };
  const norm = (name: string, h: TfTensor) => layerNormTf(h, p[`${name}.weight`]!, p[`${name}.bias`]!, 1e-6);
  const split = (h: TfTensor) => h.reshape([batch, tokens, heads, width / heads]).transpose([0, 2, 1, 3]);
  const grid = x.reshape([batch, channels, side, patch, side, patch]).transpose([0, 2, 4, 1, 3, 5]);
  const patches = grid.reshape([batch * side * side, channels * patch * patch]);
  const kernel = p['vision.patch_embed.proj.weight']!.reshape([width, channels * patch * patch]);
  const embedded = tf
    .matMul(patches, kernel, false, true)
    .add(p['vision.patch_embed.proj.bias']!)
    .reshape([batch, side * side, width]);
  const cls = tf.addN([tf.zeros([batch, 1, width]), p['vision.cls_token']!.add(tf.zeros([batch, 1, width]))]);
  let h = tf.concat([cls, embedded], 1).add(p['vision.pos_embed']!);
  for (let i = 0; i < depth; i++) {
    const at = `vision.blocks.${i}`;
    const [q, k, v] = tf.split(linear(`${at}.attn.qkv`, norm(`${at}.norm1`, h)), 3, -1).map(split) as [TfTensor, TfTensor, TfTensor];
    const scores = tf.softmax(tf.matMul(q, k, false, true).mul(1 / Math.sqrt(width / heads)));
    const attended = tf.matMul(scores, v).transpose([0, 2, 1, 3]).reshape([batch, tokens, width]);
    h = h.add(linear(`${at}.attn.proj`, attended));
    h = h.add(linear(`${at}.mlp.fc2`, geluTf(linear(`${at}.mlp.fc1`, norm(`${at}.norm2`, h)))));
  }
  const first = tf.split(norm('vision.norm', h), tokens, 1)[0]!.reshape([batch, width]);
  return tf.logSoftmax(linear('head', first)).mul(tf.oneHot(labels, classes)).sum(-1).mean().mul(-1);
}

/** The run. */
export function tfVit(tf: Tf, { problem, inputs }: Task): VitRun {
  const sizes = problem as VitProblem;
  const { batch, config, rate, parameters } = sizes;
  const image = tf.tensor(inputs[0], [batch, config.channels, config.imageSize, config.imageSize], 'float32');
  const labels = tf.tensor(inputs[1], [batch], 'int32');
  let variables: Record<string, TfVariable> = {};
  let adam = tf.train.adam(rate, 0.9, 0.999, 1e-8);
  return {
    restart() {
      for (const variable of Object.values(variables)) variable.dispose();
      variables = Object.fromEntries(
        parameters.map(({ name, shape }, i) => [name, tf.variable(tf.tensor(inputs[2 + i], shape, 'float32'), true, `${name}-${Math.random()}`)]),
      );
      adam = tf.train.adam(rate, 0.9, 0.999, 1e-8);
    },
    async step() {
      const value = tf.tidy(() => {
        const { value: loss, grads } = tf.variableGrads(() => lossOf(tf, sizes, variables, image, labels), Object.values(variables));
        adam.applyGradients(grads);
        return loss;
      });
      const [loss] = (await value.data()) as Float32Array;
      value.dispose();
      return loss!;
    },
  };
}
