// What a distillation is: the divergence of a student from its teacher, in either pass.

/**
 * Forward: student, teacher (rows, width) -> loss, log-sum-exp of the student's / T, of the teacher's / T (rows). Gradient: student, teacher,
 * both log-sum-exps, dloss -> dstudent.
 */
export interface DistillationProblem {
  readonly of: 'forward' | 'gradient';
  readonly rows: number;
  readonly width: number;
  readonly temperature: number;
}
