// Environment variables that native code reads. In a worker thread process.env is a copy, which no library sees: there libc is asked.
import { isMainThread } from 'node:worker_threads';
import koffi from 'koffi';

interface Libc {
  set(name: string, value: string): void;
  unset(name: string): void;
}

let libc: Libc | undefined;

function openLibc(): Libc {
  const library = koffi.load('libc.so.6');
  const setenv = library.func('int setenv(const char *name, const char *value, int overwrite)') as (name: string, value: string, overwrite: number) => number;
  const unsetenv = library.func('int unsetenv(const char *name)') as (name: string) => number;
  return { set: (name, value) => void setenv(name, value, 1), unset: (name) => void unsetenv(name) };
}

/** Sets a variable of the process, or removes it where the value is undefined, for JavaScript and native code alike. Linux only. */
export function setProcessVariable(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
  if (isMainThread) return;
  libc ??= openLibc();
  if (value === undefined) libc.unset(name);
  else libc.set(name, value);
}
