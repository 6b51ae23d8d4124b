// Two processes that train into one folder would mix their checkpoints: the second is turned away, whatever happens to the first.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { lockRun } from '../src/run/run-lock.ts';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const out = join(folder, 'run');

test.skipIf(process.platform !== 'linux')('a folder is locked until it is unlocked', async () => {
  const unlock = await lockRun(out);
  await expect(lockRun(join(folder, '.', 'run'))).rejects.toThrow('another process is training in it; wait for it, stop it, or name another --out');
  const other = await lockRun(join(folder, 'other'));
  await unlock();
  await other();
  await (
    await lockRun(out)
  )();
});

test.skipIf(process.platform !== 'linux')('a process that is killed leaves no lock', async () => {
  const lock = JSON.stringify(new URL('../src/run/run-lock.ts', import.meta.url).href);
  const script = `const { lockRun } = await import(${lock}); await lockRun(${JSON.stringify(out)}); console.log('locked'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--conditions=hybridmed-source', '--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', script]);
  await once(child.stdout, 'data');
  await expect(lockRun(out)).rejects.toThrow('another process');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (
    await lockRun(out)
  )();
});
