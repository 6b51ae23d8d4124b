// One process at a time downloads a content. The lock saves bandwidth alone: what is written is verified before it gets its name, whoever wrote it.
import { randomBytes } from 'node:crypto';
import { open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describeError, makeFolder } from '../files.ts';
import { isGone, lockHolderSchema, ownHolder } from '../run/lock-holder.ts';

const [touchMs, staleMs, pollMs] = [10_000, 60_000, 200];

// Tokens that this process holds.
const held = new Set<string>();

async function holderOf(lock: string) {
  try {
    return lockHolderSchema.parse(JSON.parse(await readFile(lock, 'utf8')));
  } catch {
    return undefined;
  }
}

async function isFree(lock: string): Promise<boolean> {
  const holder = await holderOf(lock);
  if (holder && isGone(holder, held)) return true;
  const untouched = await stat(lock).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
  return untouched > staleMs;
}

/** Makes the lock; false where another process holds it. One whose holder is gone makes place. */
async function take(lock: string, content: string): Promise<boolean> {
  try {
    const file = await open(lock, 'wx');
    await file.writeFile(content).finally(() => file.close());
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw describeError(lock, error);
    if (await isFree(lock)) await rm(lock, { force: true });
    return false;
  }
}

/** Works while no other process does under the same lock; `onWait` is called once where it has to wait. Throws one line for a folder that cannot be written. */
export async function withBlobLock<T>(lock: string, work: () => Promise<T>, onWait: () => void = () => undefined): Promise<T> {
  const token = randomBytes(8).toString('hex');
  held.add(token);
  try {
    await makeFolder(dirname(lock));
    for (let tries = 0; !(await take(lock, `${JSON.stringify(ownHolder(token))}\n`)); tries++) {
      if (tries === 5) onWait();
      await pause(pollMs);
    }
    const touch = setInterval(() => void utimes(lock, new Date(), new Date()).catch(() => undefined), touchMs);
    touch.unref();
    try {
      return await work();
    } finally {
      clearInterval(touch);
      if ((await holderOf(lock))?.token === token) await rm(lock, { force: true });
    }
  } finally {
    held.delete(token);
  }
}
