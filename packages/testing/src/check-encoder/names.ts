// Checks of names: what is declared is read, what is read is declared, and checkpoints can hold it.
import type { TextEncoder, VisionEncoder } from '@hybridmed/nn';
import { parameterSpecs } from '@hybridmed/nn';
import type { Tensors } from '@hybridmed/tensor';
import { trace } from '@hybridmed/tensor';
import type { ReportProblem } from './encoder-under-test.ts';
import { callEncoder } from './encoder-under-test.ts';
import { inputSpecs } from './inputs.ts';

const wellFormed = /^[A-Za-z_]\w*(?:\.\w+)*$/;

/** Parameters as traced values that record which ones are read. */
function recordReads(own: Tensors, read: Set<string>): Tensors {
  return new Proxy(own, {
    get(target, name) {
      if (typeof name === 'string' && Object.hasOwn(target, name)) read.add(name);
      return Reflect.get(target, name) as unknown;
    },
  });
}

/** Every parameter has a name that files can hold, a shape of whole numbers, and is read by `call`. */
export function checkNames(encoder: VisionEncoder | TextEncoder, report: ReportProblem): string {
  const names = Object.keys(encoder.parameters ?? {});
  for (const name of names) {
    if (!wellFormed.test(name)) report('names', `"${name}" is no dotted name of letters, digits and underscores`);
    if (/(?:^|\.)lora\./.test(name)) report('names', `"${name}" is a name that adapters have`);
    if (!encoder.parameters[name]!.shape.every((size) => Number.isSafeInteger(size) && size >= 0))
      report('names', `"${name}" has the shape [${encoder.parameters[name]!.shape.join(', ')}]`);
  }
  const read = new Set<string>();
  const state = parameterSpecs(encoder.parameters ?? {});
  for (const training of [false, true])
    trace({ data: inputSpecs(encoder), state }, (inputs, own) => {
      const { tokens, global } = callEncoder(encoder, recordReads(own, read), inputs, training);
      return { results: { tokens, global } };
    });
  for (const name of names) if (!read.has(name)) report('names', `"${name}" is declared and never read`);
  return `${names.length} parameters`;
}
