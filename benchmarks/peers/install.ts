// Installs the peers into their own folder from their own lock, once.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const read = (path: string): string | undefined => {
  try {
    return readFileSync(new URL(path, import.meta.url), 'utf8');
  } catch {
    return undefined;
  }
};

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly optional?: boolean }>>;
}

/** Whether what is installed is what the lock says. */
function isInstalled(): boolean {
  const installed = read('node_modules/.package-lock.json');
  if (installed === undefined) return false;
  const [wanted, present] = [read('package-lock.json')!, installed].map((text) => (JSON.parse(text) as Lock).packages) as [Lock['packages'], Lock['packages']];
  return Object.entries(wanted).every(([path, { version, optional }]) => path === '' || optional || present[path]?.version === version);
}

/** Versions of the peers, by the lock. */
export function peerVersions(): Record<string, string> {
  const { packages } = JSON.parse(read('package-lock.json')!) as Lock;
  const version = (name: string) => packages[`node_modules/${name}`]!.version!;
  return { onnxruntime: version('onnxruntime-node'), 'jax-js': version('@jax-js/jax'), tfjs: version('@tensorflow/tfjs') };
}

/** Installs what is missing; progress goes to standard error. Throws where npm fails, or takes longer than `limit` seconds. */
export async function installPeers(limit?: number): Promise<void> {
  if (isInstalled()) return;
  process.stderr.write('installing the peers into benchmarks/peers (once)\n');
  const npm = process.env.npm_execpath;
  const command = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm'];
  const child = spawn(command[0]!, [...command.slice(1), 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
    ...(limit === undefined ? {} : { timeout: Math.ceil(1000 * limit) }),
    shell: process.platform === 'win32',
    // Its install script fetches CUDA files, which nothing here needs. A suite started by npm must not hand its own settings down.
    env: {
      ...Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^npm_config_(local_prefix|workspace)/.test(key))),
      ONNXRUNTIME_NODE_INSTALL: 'skip',
    },
  });
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code === null)
    throw new Error('npm ci in benchmarks/peers was stopped before it ended; run `npm run bench -- peers --filter softmax` once, which installs the peers');
  if (code !== 0) throw new Error(`npm ci in benchmarks/peers ended with ${code}; see its messages above`);
}
