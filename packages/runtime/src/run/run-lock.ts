// One process at a time trains in a run's folder. The hold is a name of Linux's abstract sockets: the system takes it back however the
// process ends, so that a killed run is resumed at once. Elsewhere nothing is held.
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { fileError } from '../files.ts';

/** Takes hold of a run's folder, which need not exist yet; what is returned gives it back. Throws one line where another process trains there. */
export async function holdRun(out: string): Promise<() => Promise<void>> {
  if (process.platform !== 'linux') return () => Promise.resolve();
  const name = createHash('sha256').update(resolve(out)).digest('hex').slice(0, 32);
  const server = createServer();
  server.unref();
  const taken = await new Promise<boolean>((settle) => {
    // A system without such sockets holds nothing; only a name in use says that somebody else is there.
    server.once('error', (error: NodeJS.ErrnoException) => settle(error.code === 'EADDRINUSE'));
    server.listen({ path: `\0hybridmed-run-${name}` }, () => settle(false));
  });
  if (taken) throw fileError(out, 'another process is training in it', 'wait for it, stop it, or name another --out');
  return () => new Promise((settle) => server.close(() => settle()));
}
