// One process at a time trains in a run's folder. The lock is a name of Linux's abstract sockets: the system frees it however the
// process ends, so that a killed run is resumed at once. Other systems have no lock.
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { fileError } from '../files.ts';

/** Locks a run's folder, which need not exist yet; what is returned unlocks it. Throws one line where another process trains there. */
export async function lockRun(out: string): Promise<() => Promise<void>> {
  if (process.platform !== 'linux') return () => Promise.resolve();
  const name = createHash('sha256').update(resolve(out)).digest('hex').slice(0, 32);
  const server = createServer();
  server.unref();
  const isLocked = await new Promise<boolean>((done) => {
    // A system without such sockets has no lock; only a name in use means another process.
    server.once('error', (error: NodeJS.ErrnoException) => done(error.code === 'EADDRINUSE'));
    server.listen({ path: `\0hybridmed-run-${name}` }, () => done(false));
  });
  if (isLocked) throw fileError(out, 'another process is training in it', 'wait for it, stop it, or name another --out');
  return () => new Promise((done) => server.close(() => done()));
}
