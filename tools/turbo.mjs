// Runs turbo with its telemetry switched off, on any system: `node tools/turbo.mjs run build`. Scripts of the repository start it so alone.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

let turbo;
try {
  turbo = createRequire(import.meta.url).resolve('turbo/bin/turbo');
} catch {
  process.stderr.write('turbo is not installed; run npm ci first\n');
  process.exit(1);
}
const child = spawn(process.execPath, [turbo, ...process.argv.slice(2)], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: 'inherit',
  env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('close', (code) => {
  process.exitCode = code ?? 1;
});
