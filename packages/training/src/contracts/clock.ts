// The contract behind which time and memory are measured, since a page and a process have different means.

/** Time and memory of whoever trains. */
export interface Clock {
  /** Milliseconds from any fixed moment on, never going back. */
  now(): number;
  /** Resident memory of the process in MiB, where the platform tells it. */
  residentMiB?(): number;
}
