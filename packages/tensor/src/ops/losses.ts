// Fused losses over a vocabulary: cross-entropy with target ids, and the distillation divergence. One value per row; means are the caller's.
import { sameShape } from '../dim.ts';
import type { Tensor } from '../node.ts';
import { cast, equal, exp, less, mul, sub, where } from './elementwise.ts';
import { logSoftmax, logSumExp } from './normalization.ts';
import { reshape } from './movement.ts';
import { sum } from './reductions.ts';
import { iota, size } from './sources.ts';
import { apply, applyOne } from './op-row.ts';
import type { OpRow } from './op-row.ts';

declare module './attributes.ts' {
  interface OpAttributes {
    crossEntropy: None;
    crossEntropyGrad: None;
    distillation: { readonly temperature: number };
    distillationGrad: { readonly temperature: number };
  }
}

/**
 * -log softmax(logits)[target] per row: logits (..., V), target (...) i32 -> (...), in nats. A row whose target is none of 0..V-1 is
 * ignored: its loss and gradient are 0.
 */
export const crossEntropy = (logits: Tensor, target: Tensor): Tensor => apply('crossEntropy', [logits, target], {})[0]!;

/**
 * KL(softmax(teacher / T) || softmax(student / T)) per row, in nats: both (..., V) -> (...). No gradient flows into the teacher.
 * Multiply by T^2 for the distillation loss [Hinton et al. 2015].
 */
export const distillation = (student: Tensor, teacher: Tensor, temperature: number): Tensor => apply('distillation', [student, teacher], { temperature })[0]!;

const column = (x: Tensor): Tensor => reshape(x, [...x.shape, 1]);
const oneHot = (target: Tensor, logits: Tensor): Tensor => equal(column(target), iota(logits.shape.at(-1)!));
/** 1 where a target is one of 0..V-1. */
const counted = (target: Tensor, logits: Tensor): Tensor => sub(less(sub(target, cast(size(logits.shape.at(-1)!), 'i32')), 0), less(target, 0));

/** Rows of the fused losses. */
export const lossRows = {
  crossEntropy: {
    documentation: '-log softmax(logits)[target] per row: logits (..., V), target (...) i32 -> loss (...), log-sum-exp (...).',
    infer: ([logits, target], _, fail) => {
      if (target!.dtype !== 'i32' || !sameShape(logits!.shape.slice(0, -1), target!.shape)) fail('logits are (..., V), targets (...) i32');
      const row = { shape: target!.shape, dtype: 'f32' } as const;
      return [row, row];
    },
    gradient: ({ inputs: [logits, target], outputs: [, lse] }, [dy, dlse]) => {
      if (dlse) throw new Error('crossEntropy: no gradient through its log-sum-exp');
      return [applyOne('crossEntropyGrad', [logits!, target!, lse!, dy!], {}), undefined];
    },
    definition: ([logits, target]) => {
      const hot = oneHot(target!, logits!);
      const loss = mul(sum(mul(hot, logSoftmax(logits!)), { axes: [-1] }), -1);
      const chosen = sum(mul(hot, logits!), { axes: [-1] });
      return [loss, sub(chosen, mul(loss, -1))];
    },
  } satisfies OpRow<'crossEntropy'>,
  crossEntropyGrad: {
    documentation: 'logits (..., V), target (...), log-sum-exp (...), dloss (...) -> (softmax(logits) - one-hot) dloss (..., V).',
    infer: ([logits]) => [{ shape: logits!.shape, dtype: 'f32' }],
    gradient: 'definition',
    definition: ([logits, target, lse, dy]) => {
      const isCounted = counted(target!, logits!);
      // The log-sum-exp of an ignored row is none: with the largest f32 its exponentials are 0, so that nothing infinite meets a 0.
      const total = where(isCounted, lse!, 3.4e38);
      return [mul(sub(exp(sub(logits!, column(total))), oneHot(target!, logits!)), column(mul(dy!, isCounted)))];
    },
  } satisfies OpRow<'crossEntropyGrad'>,
  distillation: {
    documentation: 'KL(softmax(teacher / T) || softmax(student / T)) per row: both (..., V) -> divergence, log-sum-exp of student / T, of teacher / T (...).',
    infer: ([student, teacher], _, fail) => {
      if (!sameShape(student!.shape, teacher!.shape) || student!.shape.length === 0) fail('student and teacher logits need one shape (..., V)');
      const row = { shape: student!.shape.slice(0, -1), dtype: 'f32' } as const;
      return [row, row, row];
    },
    gradient: ({ inputs: [student, teacher], outputs: [, lseS, lseT], attributes }, [dy, ...others]) => {
      if (others.some(Boolean)) throw new Error('distillation: no gradient through its log-sum-exps');
      return [applyOne('distillationGrad', [student!, teacher!, lseS!, lseT!, dy!], attributes), undefined];
    },
    definition: ([student, teacher], { temperature }) => {
      const [s, t] = [mul(student!, 1 / temperature), mul(teacher!, 1 / temperature)];
      const target = logSoftmax(t);
      return [sum(mul(exp(target), sub(target, logSoftmax(s))), { axes: [-1] }), logSumExp(s), logSumExp(t)];
    },
  } satisfies OpRow<'distillation'>,
  distillationGrad: {
    documentation: 'student, teacher (..., V), their log-sum-exps / T, dloss (...) -> (softmax(student / T) - softmax(teacher / T)) dloss / T (..., V).',
    infer: ([student]) => [{ shape: student!.shape, dtype: 'f32' }],
    gradient: 'definition',
    definition: ([student, teacher, lseS, lseT, dy], { temperature }) => {
      const probabilities = (logits: Tensor, lse: Tensor) => exp(sub(mul(logits, 1 / temperature), column(lse)));
      return [mul(sub(probabilities(student!, lseS!), probabilities(teacher!, lseT!)), column(mul(dy!, 1 / temperature)))];
    },
  } satisfies OpRow<'distillationGrad'>,
};
