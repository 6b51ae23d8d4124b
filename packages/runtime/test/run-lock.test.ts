// Two processes that train into one folder would mix their checkpoints: the second is turned away, whatever becomes of the first.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { holdRun } from '../src/run/run-lock.ts';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const out = join(folder, 'run');

test.skipIf(process.platform !== 'linux')('a folder is held until it is given back', async () => {
  const release = await holdRun(out);
  await expect(holdRun(join(folder, '.', 'run'))).rejects.toThrow('another process is training in it; wait for it, stop it, or name another --out');
  const other = await holdRun(join(folder, 'other'));
  await release();
  await other();
  await (
    await holdRun(out)
  )();
});

test.skipIf(process.platform !== 'linux')('a process that is killed holds nothing', async () => {
  const lock = JSON.stringify(new URL('../src/run/run-lock.ts', import.meta.url).href);
  const script = `const { holdRun } = await import(${lock}); await holdRun(${JSON.stringify(out)}); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--conditions=hybridmed-source', '--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', script]);
  await once(child.stdout, 'data');
  await expect(holdRun(out)).rejects.toThrow('another process');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (
    await holdRun(out)
  )();
});
