// Losses over a vocabulary: the logits of some words at a time, which the backward pass computes again, so that they are never all there.
import type { MatmulProblem, View } from '@hybridmed/kernels';
import { kernels } from '@hybridmed/kernels';
import type { Bindings, Node, OpAttributes, Tensor } from '@hybridmed/tensor';
import { bindShape, sizeOf, stridesOf } from '@hybridmed/tensor';
import type { Fusion, PlanLimits } from '../plan/fusion.ts';
import type { Value } from '../plan/values.ts';
import type { Rule } from './rule.ts';

/**
 * Bytes of logits that are kept from the forward to the backward pass. In parts, a loss computes one product in three again: measured on
 * lavapipe, 752 rows of 4,096 words (12 MiB) took 1.4 times as long in parts as kept, for half the memory. So what a small model has is
 * kept, and 384 rows of 30,522 words (45 MiB, and as much again for their gradient) are not: 23 MiB at the peak instead of 90.
 */
const keptBytes = 16 * 2 ** 20;

/** Bytes of logits that are there at a time. */
const partBytes = 8 * 2 ** 20;

/** Words of a part, whatever its bytes: sums over a part run in f32, and long ones lose digits. */
const maxWords = 2 ** 15;

/** Words come in multiples of this many, so that every part of the weight begins where a binding may: 64 numbers are 256 bytes. */
const unit = 64;

type LossNode = Node<'vocabularyLoss'> | Node<'vocabularyLossGrad'>;

/** Whether a loss runs through its definition, which keeps the logits. */
export function keepsLogits(node: Node, bindings: Bindings, { maxBindingSize }: Pick<PlanLimits, 'maxBindingSize'>): boolean {
  if (node.op !== 'vocabularyLoss' && node.op !== 'vocabularyLossGrad') return false;
  const [, weight, , target] = node.inputs;
  return 4 * sizeOf(bindShape(target!.shape, bindings)) * bindShape(weight!.shape, bindings)[0]! <= Math.min(keptBytes, maxBindingSize);
}

/** A part of the vocabulary. */
interface Part {
  readonly start: number;
  readonly width: number;
}

/** Equal parts of a vocabulary, as few as the bytes of their logits allow. */
export function partsOf(rows: number, vocabulary: number, { maxBindingSize }: Pick<PlanLimits, 'maxBindingSize'>): Part[] {
  const fitting = Math.floor(Math.min(partBytes, maxBindingSize) / (4 * Math.max(1, rows) * unit)) * unit;
  const limit = Math.min(maxWords, Math.max(unit, fitting));
  const width = Math.ceil(vocabulary / Math.ceil(vocabulary / limit) / unit) * unit;
  return Array.from({ length: Math.ceil(vocabulary / width) }, (_, i) => ({ start: i * width, width: Math.min(width, vocabulary - i * width) }));
}

/** A product without a batch. */
const product = (m: number, n: number, k: number, flags: Partial<Pick<MatmulProblem, 'transposeA' | 'transposeB' | 'epilogue' | 'half'>>): MatmulProblem => ({
  m,
  n,
  k,
  transposeA: false,
  transposeB: false,
  lead: [],
  leadA: [],
  leadB: [],
  ...flags,
});

/** A linear layer over the vocabulary, as values. */
interface Head {
  readonly hidden: Value;
  readonly weight: Value;
  readonly bias: Value;
  readonly width: number;
}

/** What both passes read. */
interface Loss {
  readonly fusion: Fusion;
  readonly rows: number;
  readonly vocabulary: number;
  readonly student: Head;
  readonly target: Value;
  readonly teacher: Head | undefined;
  readonly attributes: OpAttributes['vocabularyLoss'];
  /** Whether products may round their operands to f16. */
  readonly half: boolean;
  readonly parts: readonly Part[];
}

function lossOf(node: LossNode, fusion: Fusion): Loss {
  const { inputs, attributes } = node;
  const head = (at: number): Head => {
    const [hidden, weight, bias] = inputs.slice(at, at + 3).map((tensor) => fusion.value(tensor)) as [Value, Value, Value];
    return { hidden, weight, bias, width: fusion.shape(inputs[at]!).at(-1)! };
  };
  const rows = sizeOf(fusion.shape(inputs[3]!));
  const vocabulary = fusion.shape(inputs[1]!)[0]!;
  return {
    fusion,
    rows,
    vocabulary,
    student: head(0),
    target: fusion.value(inputs[3]!),
    teacher: attributes.teacher ? head(4) : undefined,
    attributes,
    half: fusion.storage.rounds(node as Node),
    parts: partsOf(rows, vocabulary, fusion.limits),
  };
}

/** Elements of a value as a value of their own. */
const partOf = (fusion: Fusion, of: Value, offset: number, length: number): Value => fusion.calls.create(of.type, length, { kind: 'part', of, offset });

/** The rows of a head's weight that belong to a part. */
const weightOf = ({ fusion }: Loss, { weight, width }: Head, part: Part): Value => partOf(fusion, weight, part.start * width, part.width * width);

/** A part of a head's logits (rows, width). */
function logitsOf(loss: Loss, head: Head, part: Part): Value {
  const { fusion, rows, half } = loss;
  const bias: View = { type: head.bias.type, length: head.bias.length, offset: part.start, strides: [0, 1] };
  const epilogue = { shape: [rows, part.width], inputs: [bias], steps: [{ op: 'add', type: 'f32', arguments: [0, 1] }] } as const;
  const problem = product(rows, part.width, head.width, { transposeB: true, epilogue, half });
  return fusion.calls.run(kernels.matmul, problem, [head.hidden, weightOf(loss, head, part), head.bias])[0]!;
}

const problemOf = ({ rows, vocabulary, attributes }: Loss, of: 'part' | 'finish' | 'gradient', { start, width }: Part) => ({
  of,
  rows,
  width,
  start,
  vocabulary,
  ...attributes,
});

/** Forward: a product and one pass over its result for each part, then the losses. */
export const vocabularyLoss: Rule<'vocabularyLoss'> = (node, fusion) => {
  const loss = lossOf(node, fusion);
  const { parts, student, teacher, target, rows } = loss;
  const running = fusion.calls.create('f32', rows * (teacher ? 8 : 3));
  for (const part of parts) {
    const logits = [student, ...(teacher ? [teacher] : [])].map((head) => logitsOf(loss, head, part));
    fusion.calls.run(kernels.vocabularyLoss, problemOf(loss, 'part', part), [...logits, target], [running]);
  }
  fusion.setValues(node, fusion.calls.run(kernels.vocabularyLoss, problemOf(loss, 'finish', { start: 0, width: 0 }), [running, target]));
};

/** What the gradient's kernel reads beside the logits. */
function slopesOf(node: Node<'vocabularyLossGrad'>, fusion: Fusion, teacher: boolean): Value[] {
  const rest = node.inputs.slice(teacher ? 7 : 4).map((tensor: Tensor) => fusion.value(tensor));
  return teacher ? [rest[0]!, rest[3]!, rest[1]!, rest[2]!, rest[4]!] : rest;
}

/** Backward: each part's logits again, their gradient in place; its rows of dweight and dbias; dhidden as a sum over the parts in order. */
export const vocabularyLossGrad: Rule<'vocabularyLossGrad'> = (node, fusion) => {
  const loss = lossOf(node, fusion);
  const { parts, student, teacher, target, rows, vocabulary, half } = loss;
  const { hidden, width } = student;
  const [lse, slope, lseS, lseT, slopeT] = slopesOf(node, fusion, teacher !== undefined) as [Value, Value, ...Value[]];
  const dweight = fusion.calls.create('f32', vocabulary * width);
  const dbias = fusion.calls.create('f32', vocabulary);
  let dhidden: Value | undefined;
  for (const part of parts) {
    const ofTeacher = teacher ? [logitsOf(loss, teacher, part), lseS!, lseT!, slopeT!] : [];
    const slopes = logitsOf(loss, student, part);
    fusion.calls.run(kernels.vocabularyLoss, problemOf(loss, 'gradient', part), [target, lse, slope, ...ofTeacher], [slopes]);
    const dense: View = { type: 'f32', length: rows * width, offset: 0, strides: stridesOf([rows, width]) };
    const sum = { shape: [rows, width], inputs: [dense], steps: [{ op: 'add', type: 'f32', arguments: [1, 0] }] } as const;
    const towards = product(rows, width, part.width, dhidden ? { epilogue: sum, half } : { half });
    [dhidden] = fusion.calls.run(kernels.matmul, towards, [slopes, weightOf(loss, student, part), ...(dhidden ? [dhidden] : [])]);
    const own = partOf(fusion, dweight, part.start * width, part.width * width);
    fusion.calls.run(kernels.matmul, product(part.width, width, rows, { transposeA: true, half }), [slopes, hidden], [own]);
    const shape = [rows, part.width];
    const inputs: View[] = [{ type: 'f32', length: rows * part.width, offset: 0, strides: stridesOf(shape) }];
    fusion.calls.run(
      kernels.reduce,
      { op: 'sum', type: 'f32', axes: [0], shape, inputs, steps: [] },
      [slopes],
      [partOf(fusion, dbias, part.start, part.width)],
    );
  }
  fusion.setValues(node, [dhidden ?? fusion.calls.create('f32', rows * width), dweight, dbias]);
};
