// Checks of shapes: features have the sizes that the encoder states, for symbols, as in every graph of the trainer.
import type { TextEncoder, VisionEncoder } from '@hybridmed/nn';
import { parameterSpecs } from '@hybridmed/nn';
import { trace } from '@hybridmed/tensor';
import type { ReportProblem } from './encoder-under-test.ts';
import { callEncoder } from './encoder-under-test.ts';
import { inputSpecs, isText } from './inputs.ts';

/** Numbers are whole, and traced features have the shapes that follow from them. */
export function checkShapes(encoder: VisionEncoder | TextEncoder, report: ReportProblem): string {
  const numbers: Record<string, unknown> = isText(encoder)
    ? { width: encoder.width, vocabulary: encoder.vocabulary, maxTokens: encoder.maxTokens }
    : { width: encoder.width, tokenCount: encoder.tokenCount, 'image.size': encoder.image.size, 'image.channels': encoder.image.channels };
  for (const [name, value] of Object.entries(numbers))
    if (!Number.isSafeInteger(value) || (value as number) < 1) report('shapes', `"${name}" is ${String(value)}; it must be a whole number of at least 1`);
  const count = isText(encoder) ? 'L' : encoder.tokenCount;
  const expected = { tokens: ['B', count, encoder.width], global: ['B', encoder.width], importance: ['B', count] };
  trace({ data: inputSpecs(encoder), state: parameterSpecs(encoder.parameters) }, (inputs, own) => {
    const features = callEncoder(encoder, own, inputs);
    for (const [name, shape] of Object.entries(expected)) {
      const traced = features[name as keyof typeof features]?.shape;
      if (traced === undefined ? name !== 'importance' : traced.join() !== shape.join())
        report('shapes', `"${name}" is [${traced?.join(', ') ?? ''}] where [${shape.join(', ')}] is due`);
    }
    return { results: { tokens: features.tokens, global: features.global } };
  });
  return `tokens [${expected.tokens.join(', ')}], global [${expected.global.join(', ')}]`;
}
