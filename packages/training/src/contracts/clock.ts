// The contract of measuring time and memory, which a page and a process do by different means.

/** Time and memory of the process or page that trains. */
export interface Clock {
  /** Milliseconds from any fixed moment on, never going back. */
  now(): number;
  /** Resident memory of the process in MiB, where the platform reports it. */
  residentMiB?(): number;
}
