// Which processes of this machine do not run, as the system says (Linux).
import { readFileSync } from 'node:fs';

/** Ranks, of those with their process ids, that are stopped or dead; none where the system does not say. */
export function stoppedOf(processes: ReadonlyMap<number, number>): number[] {
  return [...processes].flatMap(([rank, id]) => (/[TtZX]/.test(stateOf(id)) ? [rank] : []));
}

/** The state of a process: one letter after its name in parentheses (proc(5)). */
function stateOf(id: number): string {
  try {
    return /^\d+ \(.*\) (\w)/s.exec(readFileSync(`/proc/${id}/stat`, 'utf8'))?.[1] ?? '';
  } catch {
    return '';
  }
}
