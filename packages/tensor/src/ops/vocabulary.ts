// Losses of a linear layer over a vocabulary as one op, so that a device need never hold all logits: cross-entropy, and the divergence from a teacher.
import { dimProduct, sameShape } from '../dim.ts';
import type { TensorSpec } from '../spec.ts';
import type { Tensor } from '../node.ts';
import type { OpAttributes } from './attributes.ts';
import { matmul } from './contractions.ts';
import { add } from './elementwise.ts';
import { reshape } from './movement.ts';
import { sumTo } from './sum-to.ts';
import { apply, applyOne } from './op-row.ts';
import type { OpRow } from './op-row.ts';
import { full } from './sources.ts';

export interface VocabularyLoss {
  /** True where the inputs hold a teacher's hidden states, weight and bias after the student's. */
  readonly teacher: boolean;
  /** Temperature of the divergence from the teacher. */
  readonly temperature: number;
}

declare module './attributes.ts' {
  interface OpAttributes {
    vocabularyLoss: VocabularyLoss;
    vocabularyLossGrad: VocabularyLoss;
  }
}

/** Hidden states (..., d) and the linear layer that turns them into logits: weight (V, d), bias (V). */
export interface VocabularyHead {
  hidden: Tensor;
  weight: Tensor;
  bias: Tensor;
}

/** What the losses are of. `teacher` has states of the same rows, a width of its own, and a layer over the same vocabulary. */
export interface VocabularyLossInputs extends VocabularyHead {
  /** (...) i32; a row whose target is none of 0..V-1 is ignored by the cross-entropy. */
  target: Tensor;
  teacher?: VocabularyHead & { temperature: number };
}

/**
 * Cross-entropy with the targets, and KL(softmax(teacher / T) || softmax(student / T)) where there is a teacher: one value per row (...),
 * in nats, of logits = hidden weight^T + bias. No gradient flows into the teacher. The same numbers as `crossEntropy` and `distillation` of
 * those logits; a device with a kernel goes over the vocabulary in parts, and computes logits again for the backward pass.
 */
export function vocabularyLoss({ hidden, weight, bias, target, teacher }: VocabularyLossInputs): { crossEntropy: Tensor; divergence?: Tensor } {
  const attributes = { teacher: teacher !== undefined, temperature: teacher?.temperature ?? 1 };
  const inputs = [hidden, weight, bias, target, ...(teacher ? [teacher.hidden, teacher.weight, teacher.bias] : [])];
  const [loss, divergence] = apply('vocabularyLoss', inputs, attributes);
  return { crossEntropy: loss!, ...(teacher ? { divergence: divergence! } : {}) };
}

const logitsOf = (hidden: Tensor, weight: Tensor, bias: Tensor): Tensor => add(matmul(hidden, weight, { transposeB: true }), bias);

/** Log-sum-exp over the last axis. */
/** The student's logits and, cooled by T, the teacher's. */
function bothLogits(inputs: readonly Tensor[], { teacher }: OpAttributes['vocabularyLoss']): { student: Tensor; teacher: Tensor | undefined } {
  const [hidden, weight, bias, , ...given] = inputs as [Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
  return { student: logitsOf(hidden, weight, bias), teacher: teacher ? logitsOf(given[0]!, given[1]!, given[2]!) : undefined };
}

function checkHead([hidden, weight, bias]: readonly TensorSpec[], rows: TensorSpec['shape'], fail: (problem: string) => never): void {
  const fits = weight!.shape.length === 2 && hidden!.shape.at(-1) === weight!.shape[1] && sameShape(bias!.shape, [weight!.shape[0]!]);
  if (hidden!.shape.length < 2 || !fits || !sameShape(hidden!.shape.slice(0, -1), rows))
    fail('hidden states are (..., d), their weight (V, d), its bias (V), targets (...) i32');
}

/** Rows of the losses over a vocabulary. Logits of the student and of the teacher at temperature T have log-sum-exps of their own. */
export const vocabularyRows = {
  vocabularyLoss: {
    documentation:
      'hidden (..., d), weight (V, d), bias (V), target (...), optional teacher: hidden (..., d2), weight (V, d2), bias (V) -> cross-entropy (...), ' +
      'log-sum-exp of the logits (...); with a teacher: cross-entropy, divergence, log-sum-exp of the logits, of the logits / T, of the teacher / T.',
    infer: (inputs, { teacher }, fail) => {
      const [hidden, weight, , target] = inputs as [TensorSpec, TensorSpec, TensorSpec, TensorSpec];
      if (inputs.length !== (teacher ? 7 : 4)) fail(`needs ${teacher ? 7 : 4} inputs`);
      checkHead(inputs, target.shape, fail);
      if (target.dtype !== 'i32') fail('targets are i32');
      if (teacher) {
        checkHead(inputs.slice(4), hidden.shape.slice(0, -1), fail);
        if (inputs[5]!.shape[0] !== weight.shape[0]) fail('student and teacher need one vocabulary');
      }
      return Array.from({ length: teacher ? 5 : 2 }, () => ({ shape: target.shape, dtype: 'f32' as const }));
    },
    gradient: ({ inputs, outputs, attributes }, cotangents) => {
      const losses = attributes.teacher ? 2 : 1;
      if (cotangents.slice(losses).some(Boolean)) throw new Error('vocabularyLoss: no gradient through its log-sum-exps');
      const slopes = outputs.slice(0, losses).map(({ shape }, i) => cotangents[i] ?? full(0, shape));
      return apply('vocabularyLossGrad', [...inputs, ...outputs.slice(losses), ...slopes], attributes);
    },
    definition: (inputs, attributes) => {
      const { student, teacher } = bothLogits(inputs, attributes);
      const [loss, lse] = apply('crossEntropy', [student, inputs[3]!], {}) as [Tensor, Tensor];
      if (!teacher) return [loss, lse];
      const { temperature } = attributes;
      const [divergence, lseS, lseT] = apply('distillation', [student, teacher], { temperature }) as [Tensor, Tensor, Tensor];
      return [loss, divergence, lse, lseS, lseT];
    },
  } satisfies OpRow<'vocabularyLoss'>,
  vocabularyLossGrad: {
    documentation: "vocabularyLoss's inputs, its log-sum-exps, then a slope (...) for each of its losses -> dhidden (..., d), dweight (V, d), dbias (V).",
    infer: ([hidden, weight, bias]) => [hidden!, weight!, bias!].map(({ shape }) => ({ shape, dtype: 'f32' as const })),
    gradient: 'definition',
    definition: (inputs, attributes) => {
      const [hidden, weight, bias, target] = inputs as [Tensor, Tensor, Tensor, Tensor];
      const { student, teacher } = bothLogits(inputs, attributes);
      const lse = inputs[teacher ? 7 : 4]!;
      const [slope, other] = inputs.slice(teacher ? -2 : -1) as [Tensor, Tensor | undefined];
      let dlogits = applyOne('crossEntropyGrad', [student, target, lse, slope], {});
      if (teacher)
        dlogits = add(dlogits, applyOne('distillationGrad', [student, teacher, inputs[8]!, inputs[9]!, other!], { temperature: attributes.temperature }));
      const [rows, width] = [dimProduct(target.shape), hidden.shape.at(-1)!];
      const flat = reshape(dlogits, [rows, weight.shape[0]!]);
      const dhidden = reshape(matmul(flat, weight), hidden.shape);
      return [dhidden, matmul(flat, reshape(hidden, [rows, width]), { transposeA: true }), sumTo(dlogits, bias.shape)];
    },
  } satisfies OpRow<'vocabularyLossGrad'>,
};
