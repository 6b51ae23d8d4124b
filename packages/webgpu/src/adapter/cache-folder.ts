// The folder of this user's that outlives a process: unpacked libraries and measured choices lie there.
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** The user's cache folder, else a folder of this user's own under the system's temporary one. Throws an Error where none can be used. */
export async function cacheRoot(): Promise<string> {
  const own = typeof process.getuid === 'function' ? process.getuid() : undefined;
  const candidates = [join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'hybridmed'), join(tmpdir(), `hybridmed-${own ?? 'cache'}`)];
  const refused: string[] = [];
  for (const folder of candidates) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const { uid, mode } = await stat(folder);
      // Libraries are loaded from here: nobody else may have put them there.
      if (own !== undefined && (uid !== own || (mode & 0o022) !== 0)) throw new Error('others can write to it');
      const probe = await mkdtemp(join(folder, 'probe-'));
      await rm(probe, { recursive: true });
      return folder;
    } catch (error) {
      refused.push(`${folder}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(`no cache folder can be used (${refused.join('; ')}); set XDG_CACHE_HOME to a folder that you can write to`);
}
