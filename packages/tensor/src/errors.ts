// Typed errors. Every message is one line that names the op, the shapes or the input, and what to do about it.

/** Base class of every error this toolkit throws on purpose; `message` is one line, fit to be shown to a user. */
export class HybridmedError extends Error {
  override readonly name: string = 'HybridmedError';
}

/** Thrown while tracing: an op was given shapes, dtypes or attributes it cannot take. Names the op, the shapes and the caller's line. */
export class TraceError extends HybridmedError {
  override readonly name: string = 'TraceError';
  /** The op that refused its inputs. */
  readonly op: string;

  constructor(op: string, problem: string) {
    const line = callerLine(new Error().stack ?? '');
    super(`${op}: ${problem}${line ? ` (at ${line})` : ''}`);
    this.op = op;
  }
}

/** Thrown by a device: a program got the wrong inputs, or the device could not run it. Names the device, the input and the fix. */
export class DeviceError extends HybridmedError {
  override readonly name: string = 'DeviceError';
  /** The device that failed. */
  readonly device: string;
  /** The command that adds what the device needs, where that is not installed. */
  readonly install: string | undefined;

  constructor(device: string, problem: string, { install }: { install?: string } = {}) {
    super(`${device}: ${problem}${install === undefined ? '' : `; add it with: ${install}`}`);
    this.device = device;
    this.install = install;
  }
}

/** Thrown by everything on a device that is gone (driver reset, unplugged, context lost, closed): open a new one and load the last checkpoint. */
export class DeviceLostError extends DeviceError {
  override readonly name = 'DeviceLostError';

  constructor(device: string, problem: string) {
    super(device, `${problem}; open a new device and load the last checkpoint`);
  }
}

const packageFolder = new URL('.', import.meta.url).href;

/** The first stack frame outside this package: the line of the program that is being traced. */
function callerLine(stack: string): string | undefined {
  for (const frame of stack.split('\n').slice(1)) {
    const where = /\(?((?:file:\/\/|\/|[A-Za-z]:\\|https?:)[^()]*:\d+:\d+)\)?$/.exec(frame.trim())?.[1];
    if (!where || where.includes('node:internal')) continue;
    const url = where.startsWith('/') ? `file://${where}` : where;
    if (!url.startsWith(packageFolder) && !url.includes('/node_modules/@hybridmed/')) return where;
  }
  return undefined;
}
