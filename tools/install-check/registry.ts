// A registry on 127.0.0.1 that holds what a release would publish; everything else comes from the registry that npm is configured with.
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { versionAndFill } from '../release/dry-run.ts';

const run = promisify(execFile);
const maxBuffer = 2 ** 26;

/** The environment without what `npm run` puts there for its own child processes. */
export const cleanEnvironment = (added: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))),
  ...added,
});

async function configured(key: string): Promise<string | undefined> {
  const { stdout } = await run('npm', ['config', 'get', key], { env: cleanEnvironment() });
  const value = stdout.trim();
  return value === '' || value === 'null' ? undefined : value;
}

/** A port that nobody listens on. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** Installs verdaccio: no dependency of the repository, since a release alone needs it. */
async function installVerdaccio(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  // One of its dependencies asks for node-fetch by a tag that not every registry has.
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: { verdaccio: '~6.8.0' }, overrides: { 'node-fetch': '^2.7.0' } }));
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, env: cleanEnvironment(), maxBuffer });
  return join(folder, 'node_modules/verdaccio/bin/verdaccio');
}

/** A running registry. */
export interface Registry {
  readonly address: string;
  close(): void;
}

/** Starts a registry in a folder. Throws an Error where it cannot be installed or does not answer within a minute. */
export async function startRegistry(folder: string): Promise<Registry> {
  const [program, outside, certificates] = await Promise.all([installVerdaccio(join(folder, 'verdaccio')), configured('registry'), configured('cafile')]);
  const ours = { access: '$all', publish: '$all $anonymous', unpublish: '$all $anonymous' };
  // YAML takes JSON.
  const config = {
    storage: join(folder, 'storage'),
    auth: { htpasswd: { file: join(folder, 'htpasswd') } },
    uplinks: { outside: { url: outside, timeout: '120s', maxage: '1d', max_fails: 1000, cache: true } },
    packages: { hybridmed: ours, '@hybridmed/*': ours, '**': { access: '$all', proxy: 'outside' } },
    web: { enable: false },
    max_body_size: '200mb',
    log: { type: 'stdout', format: 'pretty', level: 'error' },
  };
  const file = join(folder, 'config.yaml');
  writeFileSync(file, JSON.stringify(config, null, 2));
  const port = await freePort();
  const address = `http://127.0.0.1:${port}/`;
  const server = spawn(process.execPath, [program, '--config', file, '--listen', `127.0.0.1:${port}`], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: cleanEnvironment(certificates === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificates }),
  });
  const close = (): void => void server.kill();
  for (let second = 0; second < 60; second++) {
    const answers = await fetch(`${address}-/ping`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answers) return { address, close };
    if (server.exitCode !== null) break;
    await setTimeout(1000);
  }
  close();
  throw new Error('the registry does not answer');
}

/** Publishes the packages of a copy of the checkout, in the version that a release would have; gives the version. */
export async function publishInto({ address }: Registry, copy: string): Promise<string> {
  const version = await versionAndFill(copy);
  const token = address.replace(/^http:/, '');
  writeFileSync(join(copy, '.npmrc'), `registry=${address}\n${token}:_authToken=anyone\n`);
  await run('npm', ['publish', '--workspaces', '--ignore-scripts', '--access=public', '--no-provenance'], { cwd: copy, env: cleanEnvironment(), maxBuffer });
  return version;
}
