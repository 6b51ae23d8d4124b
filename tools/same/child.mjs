// Runs one child process to its end, or to its timeout.
import { spawn } from 'node:child_process';

/** Milliseconds a child may take where nobody says otherwise. */
const usualTimeout = 180_000;

/** Resolves to `{ stdout, stderr, problem }`; `problem` says how the child failed and is undefined where it ended with 0. */
export function runNode(args, { cwd, env = {}, timeout = usualTimeout }) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (texts[name] += text));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeout);
    const stop = () => child.kill('SIGKILL');
    process.once('exit', stop);
    const end = (code, signal) => {
      clearTimeout(timer);
      process.removeListener('exit', stop);
      const ending = late ? `took more than ${timeout / 1000} s` : signal ? `ended by ${signal}` : `exit code ${code}`;
      const last = texts.stderr.trim().split('\n').slice(-3).join(' | ');
      resolve({ ...texts, problem: code === 0 ? undefined : `${ending}: ${last}` });
    };
    child.on('error', (error) => {
      texts.stderr += error.message;
      end(1);
    });
    child.on('close', end);
  });
}
