// The alignment losses alone, on your own features: their value for images and texts, and the gradients of the features.
import { globalContrast, localContrast } from '@hybridmed/align';
import { cpuDevice } from '@hybridmed/onnx';
import { array, compile, ops, valueAndGrad } from '@hybridmed/tensor';

const [studies, patches, words, width] = [8, 49, 20, 128];
const random = (...shape: number[]) =>
  array(
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => Math.random() - 0.5),
    shape,
  );

const device = cpuDevice();
const loss = compile(
  device,
  valueAndGrad(
    ({ image, text, patch, word, mask }) => {
      const global = globalContrast({ image: image!, text: text!, logScale: ops.full(Math.log(1 / 0.07), []) });
      const local = ops.mean(localContrast({ patches: patch!, words: word!, wordMask: mask! }));
      return ops.add(global, local);
    },
    ['image', 'text', 'patch', 'word'],
  ),
);
const result = await loss({
  image: random(studies, width),
  text: random(studies, width),
  patch: random(studies, patches, width),
  word: random(studies, words, width),
  mask: array(new Float32Array(studies * words).fill(1), [studies, words]),
});
process.stdout.write(
  `L_CG + L_CL = ${result.value!.data[0]!.toFixed(3)}; gradients: ${Object.keys(result)
    .filter((name) => name !== 'value')
    .join(', ')}\n`,
);
await device.close();
