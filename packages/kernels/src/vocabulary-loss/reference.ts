// Losses over a vocabulary on the host, in float64. The harness starts in-place outputs from zeros.
import type { Numbers } from '../kernel.ts';
import type { VocabularyLossProblem } from './problem.ts';

/** What a first part leaves in a row; a later one met zeros there: a greatest logit of 0 and no sum. */
function runningRow({ width, start, teacher, temperature }: VocabularyLossProblem, row: (x: Numbers) => Float64Array, [x, t, target]: Numbers[], r: number) {
  const cooled = (values: Float64Array) => values.map((value) => value / temperature);
  const total = (values: Float64Array) => {
    const greatest = Math.max(...values, start === 0 ? -Infinity : 0);
    return [greatest, values.reduce((sum, value) => sum + Math.exp(value - greatest), 0)] as const;
  };
  const id = target![r]! - start;
  const own = row(x!);
  const running = [...total(own), id >= 0 && id < width ? own[id]! : 0];
  if (!teacher) return running;
  const [s, other] = [cooled(own), cooled(row(t!))];
  const [greatest, sum] = total(other);
  return [...running, ...total(s), greatest, sum, other.reduce((weighted, value, j) => weighted + Math.exp(value - greatest) * (value - s[j]!), 0)];
}

function part(problem: VocabularyLossProblem, inputs: readonly Numbers[]): Numbers[] {
  const { rows, width, teacher } = problem;
  const operands = teacher ? [...inputs] : [inputs[0]!, inputs[0]!, inputs[1]!];
  return [
    Float32Array.from(
      Array.from({ length: rows }, (_, r) => runningRow(problem, (x) => Float64Array.from(x.subarray(r * width, (r + 1) * width)), operands, r)).flat(),
    ),
  ];
}

function finish({ rows, vocabulary, teacher }: VocabularyLossProblem, [running, target]: readonly Numbers[]): Numbers[] {
  const list = Array.from({ length: rows }, (_, r) => {
    const [m, s, chosen, ms = 0, ss = 1, mt = 0, st = 1, weighted = 0] = running!.subarray(r * (teacher ? 8 : 3), (r + 1) * (teacher ? 8 : 3)) as Float32Array;
    const inside = target![r]! >= 0 && target![r]! < vocabulary;
    const [lse, lseS, lseT] = [m! + Math.log(s!), ms + Math.log(ss), mt + Math.log(st)];
    const loss = inside ? lse - chosen! : 0;
    return teacher ? [loss, weighted / st - lseT + lseS, lse, lseS, lseT] : [loss, lse];
  });
  return Array.from({ length: teacher ? 5 : 2 }, (_, i) => Float32Array.from(list, (row) => row[i]!));
}

/** Logits of the student are the zeros that the harness starts from. */
function gradient({ rows, width, start, vocabulary, teacher, temperature }: VocabularyLossProblem, inputs: readonly Numbers[]): Numbers[] {
  const [target, lse, slope, t, lseS, lseT, slopeT] = inputs;
  const dx = new Float32Array(rows * width);
  for (let r = 0; r < rows; r++) {
    const id = target![r]!;
    const factor = id >= 0 && id < vocabulary ? slope![r]! : 0;
    for (let j = 0; j < width; j++) {
      const own = (Math.exp(-lse![r]!) - (j + start === id ? 1 : 0)) * factor;
      const difference = teacher ? Math.exp(-lseS![r]!) - Math.exp(t![r * width + j]! / temperature - lseT![r]!) : 0;
      dx[r * width + j] = own + (teacher ? (difference * slopeT![r]!) / temperature : 0);
    }
  }
  return [dx];
}

/** One of the three. */
export function reference(problem: VocabularyLossProblem, inputs: readonly Numbers[]): Numbers[] {
  return problem.of === 'part' ? part(problem, inputs) : problem.of === 'finish' ? finish(problem, inputs) : gradient(problem, inputs);
}
