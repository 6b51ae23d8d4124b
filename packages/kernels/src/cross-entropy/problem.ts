// What a cross-entropy over a vocabulary is, in either pass.

/** Forward: logits (rows, width), target (rows) -> loss, log-sum-exp (rows). Gradient: logits, target, log-sum-exp, dloss -> dlogits. */
export interface CrossEntropyProblem {
  readonly of: 'forward' | 'gradient';
  readonly rows: number;
  readonly width: number;
}
