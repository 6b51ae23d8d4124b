// Encoders of modules, as users write them, for tests of the commands: those of the examples, and one with a frozen part.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { initialize, parameterSpecs, rootScope } from '@hybridmed/nn';
import { exportOnnx } from '@hybridmed/onnx';
import { trace } from '@hybridmed/tensor';
import { vit } from '@hybridmed/vision';

/** The module of an example. */
export const exampleEncoder = (name: string): string => join(import.meta.dirname, '../../../../examples/encoders', name, 'index.js');

/** Writes a module whose vision encoder runs a frozen ONNX file; returns its path. */
export function frozenEncoder(folder: string): string {
  const encoder = vit({ kind: 'vit', imageSize: 32, patch: 8, channels: 1, width: 24, depth: 1, heads: 3 });
  const data = { image: { shape: ['B', 1, 32, 32], dtype: 'f32' } } as const;
  const graph = trace({ data, state: parameterSpecs(encoder.parameters) }, ({ image }, own) => ({ results: { ...encoder.call(rootScope(own), image!) } }));
  writeFileSync(join(folder, 'frozen.onnx'), exportOnnx(graph, { parameters: initialize(encoder.parameters, 0) }).model);
  const file = join(folder, 'my-encoder.js');
  writeFileSync(
    file,
    `import { onnxVisionEncoder } from ${JSON.stringify(exampleEncoder('frozen-onnx-vision-encoder'))};
export const createVisionEncoder = (options) => onnxVisionEncoder(${JSON.stringify(join(folder, 'frozen.onnx'))}, options);
`,
  );
  return file;
}

/** Writes a yes-or-no question about each of forty phantoms, in the layout of VQA-RAD; returns the folder. */
export function phantomQuestions(folder: string, phantoms: string): string {
  const questions = join(folder, 'questions');
  mkdirSync(questions);
  cpSync(join(phantoms, 'images'), join(questions, 'images'), { recursive: true });
  const rows = Array.from({ length: 40 }, (_, i) => ({
    qid: i,
    phrase_type: i % 4 === 0 ? 'test_freeform' : 'freeform',
    image_case_url: `https://example.org/${i}`,
    image_name: `p${String(i).padStart(6, '0')}.png`,
    question: 'Is there a pleural effusion?',
    question_frame: 'NULL',
    question_type: 'PRES',
    answer: i % 3 === 0 ? 'Yes' : 'No',
    answer_type: 'CLOSED',
  }));
  writeFileSync(join(questions, 'VQA_RAD Dataset Public.json'), JSON.stringify(rows));
  return questions;
}
