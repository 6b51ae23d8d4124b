// Runs the PyTorch reference, bench_torch.py, in its own process and reads the line it prints.
import { spawn } from 'node:child_process';
import type { StepPreset } from './problem.ts';

/** What the reference measured. */
export interface PeerResult {
  readonly studiesPerSecond: number;
  readonly peakMiB: number;
}

/** Runs `PYTHON FILE PRESET STEPS THREADS`. Throws when it fails or prints no document. */
export async function runPeer(
  python: string,
  file: string,
  { preset, steps, threads }: { preset: StepPreset; steps: number; threads: number },
): Promise<PeerResult> {
  const child = spawn(python, [file, preset, String(steps), String(threads)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  });
  const [output, errors] = [collect(child.stdout), collect(child.stderr)];
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const line = (await output).trim().split('\n').at(-1) ?? '';
  if (code !== 0 || !line.startsWith('{')) throw new Error(`${python} ${file} ended with ${code}: ${(await errors).trim().split('\n').at(-1)}`);
  const { studies_per_s: studiesPerSecond, peak_mib: peakMiB } = JSON.parse(line) as { studies_per_s: number; peak_mib: number };
  return { studiesPerSecond, peakMiB };
}

async function collect(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}
