// A frozen ONNX model as a vision encoder: ONNX Runtime computes its features outside the graph, and a linear layer on them is trained.
import { collect, linear } from '@hybridmed/nn';
import { ops } from '@hybridmed/tensor';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const fixedSize = (dim) => (typeof dim === 'number' && dim > 0 ? dim : undefined);

/** An output (B, N, D), (B, D, h, w) or (B, D) as tokens (B, N, D). */
function asTokens({ data, dims }) {
  const [batch, ...rest] = dims.map(Number);
  if (rest.length === 2) return { data, shape: [batch, ...rest] };
  if (rest.length === 1) return { data, shape: [batch, 1, rest[0]] };
  const [depth, cells] = [rest[0], rest[1] * rest[2]];
  const tokens = new Float32Array(data.length);
  for (let b = 0; b < batch; b++)
    for (let c = 0; c < depth; c++) for (let i = 0; i < cells; i++) tokens[(b * cells + i) * depth + c] = data[(b * depth + c) * cells + i];
  return { data: tokens, shape: [batch, cells, depth] };
}

/** The model's one input of images (B, C, H, W). Throws if its inputs differ. */
function imageInput(session, file) {
  const [input, ...others] = session.inputMetadata;
  if (others.length > 0 || !input?.isTensor || input.type !== 'float32' || input.shape.length !== 4)
    throw new Error(`${file}: must have one input, of float32 images (B, C, H, W)`);
  return { name: input.name, batch: fixedSize(input.shape[0]), channels: fixedSize(input.shape[1]), size: fixedSize(input.shape[2]) };
}

/** The named output, or among the outputs of features one of three axes, else the one with the most axes. */
function featureOutput(session, file, outputName) {
  const outputs = session.outputMetadata.filter(({ isTensor, type, shape, name }) =>
    outputName === undefined ? isTensor && type === 'float32' && shape.length >= 2 && shape.length <= 4 : name === outputName,
  );
  const best = outputs.toSorted((a, b) => Number(b.shape.length === 3) - Number(a.shape.length === 3) || b.shape.length - a.shape.length)[0];
  if (!best) throw new Error(`${file}: has no output of float32 features (B, N, D), (B, D, h, w) or (B, D)`);
  return best.name;
}

/**
 * The encoder of an ONNX file for images of a size and number of channels, unless the file fixes its own.
 * @param {string} file
 * @param {{ size: number, channels: number, width?: number, output?: string }} options
 * @returns {Promise<import('@hybridmed/nn').VisionEncoder>}
 */
export async function onnxVisionEncoder(file, { size, channels, width = 48, output }) {
  const session = await InferenceSession.create(file);
  const input = imageInput(session, file);
  const image = { size: input.size ?? size, channels: input.channels ?? channels };
  const features = featureOutput(session, file, output);

  async function run({ data, shape }) {
    const [batch, ...imageShape] = shape;
    const step = input.batch ?? batch;
    if (batch % step !== 0) throw new Error(`${file}: takes batches of ${step} images only; export it with a dynamic batch size`);
    const length = imageShape.reduce((a, b) => a * b, 1);
    const parts = [];
    for (let at = 0; at < batch; at += step) {
      const images = new Tensor('float32', Float32Array.from(data.subarray(at * length, (at + step) * length)), [step, ...imageShape]);
      parts.push(asTokens((await session.run({ [input.name]: images }, [features]))[features]));
    }
    const [, tokens, depth] = parts[0].shape;
    const all = new Float32Array(batch * tokens * depth);
    parts.forEach((part, i) => all.set(part.data, i * step * tokens * depth));
    return { data: all, shape: [batch, tokens, depth] };
  }

  const blank = [input.batch ?? 1, image.channels, image.size, image.size];
  const [, tokenCount, depth] = (await run({ data: new Float32Array(blank.reduce((a, b) => a * b, 1)), shape: blank })).shape;
  const adapter = linear({ inputs: depth, outputs: width });
  return {
    width,
    tokenCount,
    image,
    parameters: collect({ adapter }),
    frozen: { shape: [tokenCount, depth], run },
    call(scope, frozenFeatures) {
      const tokens = adapter.call(scope.child('adapter'), frozenFeatures);
      return { tokens, global: ops.mean(tokens, { axes: [1] }) };
    },
  };
}
