// The README's example runs as it stands.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('the example ends in its assertion', async () => {
  const folder = new URL('..', import.meta.url);
  // The README's blocks are one program.
  const example = [...(await readFile(new URL('README.md', folder), 'utf8')).matchAll(/```ts\n([\s\S]*?)```/g)].map((block) => block[1]).join('\n');
  // Inside the package, so that imports resolve as they do for a user.
  await mkdir(new URL('node_modules', folder), { recursive: true });
  const scratch = await mkdtemp(fileURLToPath(new URL('node_modules/.readme-', folder)));
  try {
    await writeFile(`${scratch}/example.mts`, example);
    const { stderr } = await promisify(execFile)(process.execPath, [
      '--conditions=hybridmed-source',
      '--import',
      import.meta.resolve('tsx'),
      `${scratch}/example.mts`,
    ]);
    expect(stderr).toBe('');
  } finally {
    await rm(scratch, { recursive: true });
  }
});
