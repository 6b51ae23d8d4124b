// Who holds a run's folder: what a lock file says, and whether that process is gone.
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';

/** What a lock file holds. */
export const lockHolderSchema = z.object({
  host: z.string(),
  pid: z.int().positive(),
  /** The machine's boot; empty where the system tells none. */
  boot: z.string(),
  /** The processes among which `pid` is one, since containers of one machine number their own; empty where the system tells none. */
  processes: z.string(),
  /** The scheduler's or launcher's job that the process belongs to, as it names itself; absent where it belongs to none. */
  job: z.string().max(200).optional(),
  /** When it was taken, ISO 8601. */
  started: z.string(),
  /** Its own name for this hold. */
  token: z.string(),
});

/** A process that holds, or held, a folder. */
export type LockHolder = Readonly<z.infer<typeof lockHolderSchema>>;

/** What a file of the system says; empty where it cannot be read. */
function systemText(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return '';
  }
}

/** Variables that hold a job's id, a scheduler's before a launcher's, whose ids say less. */
const jobs = [
  ['Slurm job', 'SLURM_JOB_ID'],
  ['PBS job', 'PBS_JOBID'],
  ['LSF job', 'LSB_JOBID'],
  ['MPI job', 'PMIX_NAMESPACE'],
  ['MPI job', 'OMPI_MCA_ess_base_jobid'],
] as const;

/** The job that a process belongs to, by its environment: `Slurm job 4711`; undefined where it names none. */
export function jobOf(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const [name, variable] = jobs.find(([, key]) => environment[key]) ?? [];
  return variable === undefined ? undefined : `${name} ${environment[variable]!.slice(0, 100)}`;
}

function ownJob(): { readonly job?: string } {
  const job = jobOf(process.env);
  return job === undefined ? {} : { job };
}

/** A holder in words: `process 12 on node7, Slurm job 4711, since 2026-01-01T00:00:00.000Z`. */
export const describeHolder = ({ pid, host, job, started }: LockHolder): string =>
  [`process ${pid} on ${host}`, ...(job === undefined ? [] : [job]), `since ${started}`].join(', ');

/** This process as a holder. */
export const ownHolder = (token: string): LockHolder => ({
  host: hostname(),
  pid: process.pid,
  boot: systemText(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
  processes: systemText(() => readlinkSync('/proc/self/ns/pid')),
  ...ownJob(),
  started: new Date().toISOString(),
  token,
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
  // One that has ended, and whose parent has not taken notice.
  return !/^\d+ \(.*\) [ZX] /s.test(systemText(() => readFileSync(`/proc/${pid}/stat`, 'utf8')));
}

/** Whether a holder is known to be gone: one of this machine, since it started, that is no more. `held` are this process's own tokens. */
export function isGone(holder: LockHolder, held: ReadonlySet<string>): boolean {
  const own = ownHolder('');
  if (holder.host !== own.host || holder.boot !== own.boot || holder.processes !== own.processes) return false;
  return holder.pid === own.pid ? !held.has(holder.token) : !isAlive(holder.pid);
}
