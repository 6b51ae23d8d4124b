// Completion as bash does it, from the script that the command prints; and the screen of `doctor`.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);
const script = join(folder, 'completion.bash');

beforeAll(async () => {
  const { code, out } = await run('completion', 'bash');
  expect(code).toBe(0);
  writeFileSync(script, out);
});

/** What bash offers after these words, the last of which is being written. */
const offered = (...words: string[]): string[] =>
  execFileSync('bash', [
    '-c',
    'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hybridmed; printf "%s\\n" "${COMPREPLY[@]}"',
    script,
    'hybridmed',
    ...words,
  ])
    .toString()
    .split('\n')
    .filter(Boolean);

describe('completion', () => {
  test('of commands, and of those below a group', () => {
    expect(offered('pre')).toEqual(['pretrain']);
    expect(offered('data', 'ch')).toEqual(['check']);
    expect(offered('')).toEqual(expect.arrayContaining(['generate', 'doctor', 'vqa']));
  });

  test('of flags, and of the values of those that have a list', () => {
    expect(offered('generate', '--ima')).toEqual(['--image', '--images']);
    expect(offered('generate', '--search', '')).toEqual(['greedy', 'beam', 'nucleus', 'likelihood-ratio']);
    expect(offered('vqa', 'train', '--dev')).toEqual(['--device']);
    expect(offered('zeroshot', '--device', 'c')).toEqual(['cpu']);
    // A flag's value is no command: names of files are completed.
    expect(offered('generate', '--checkpoint', 'pre')).toEqual([]);
  });

  test('for zsh by the same function, and for fish; another shell is refused', async () => {
    expect((await run('completion', 'zsh')).out).toMatch(/^#compdef hybridmed\nautoload -U \+X bashcompinit/);
    expect((await run('completion', 'fish')).out).toContain("complete -c hybridmed -f -n '__fish_use_subcommand' -a generate\n");
    expect(await run('completion', 'tcsh')).toMatchObject({ code: 2, log: expect.stringContaining('"tcsh" is no shell that is known here') });
  });
});

test('doctor says versions, devices and why, libraries and MPI, and of variables that may hold secrets only that they are set', async () => {
  const before = process.env.HYBRIDMED_HTTP_HEADERS;
  process.env.HYBRIDMED_HTTP_HEADERS = '/secret/headers';
  try {
    const { code, out } = await run('doctor', '--json');
    expect(code).toBe(0);
    const found = JSON.parse(out);
    expect(found).toMatchObject({ node: process.version, mpi: { found: expect.any(Boolean), what: expect.any(String) } });
    expect(found.devices.map(({ kind }: { kind: string }) => kind)).toEqual(['webgpu', 'cpu', 'gpujs']);
    expect(found.libraries['onnxruntime-node']).toMatch(/^\d+\.\d+/);
    expect(found.libraries.sharp).toMatch(/^\d+\.\d+/);
    expect(found.environment.HYBRIDMED_HTTP_HEADERS).toBe('(set)');
    expect(out).not.toContain('/secret/headers');
  } finally {
    if (before === undefined) delete process.env.HYBRIDMED_HTTP_HEADERS;
    else process.env.HYBRIDMED_HTTP_HEADERS = before;
  }
});
