// One engine in a separate process: requests are sent, samples and outputs returned; a case that hangs affects no other.
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Numbers } from '@hybridmed/kernels';
import type { AdapterName } from '../harness/adapter.ts';
import type { Task } from './task.ts';

/** Engines of this suite. */
export const engineNames = ['hybridmed', 'onnxruntime', 'jax-js', 'tfjs'] as const;

/** An engine's name. */
export type EngineName = (typeof engineNames)[number];

/** A request to an engine. */
export type Request = Task & { readonly seconds: number };

/** An engine's answer. */
export type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'measured'; readonly samples: readonly number[]; readonly outputs: readonly (Numbers | undefined)[] }
  | { readonly kind: 'absent'; readonly reason: string };

const child = fileURLToPath(new URL('child.ts', import.meta.url));

/** An engine that is started at its first request. */
export class EngineProcess {
  readonly name: EngineName;
  readonly #adapter: AdapterName;
  readonly #limit: number;
  #process: ChildProcess | undefined;
  /** Why it cannot start; then every case is absent. */
  #startFailure: string | undefined;

  /** `limit`: seconds that one case may take. */
  constructor(name: EngineName, adapter: AdapterName, limit: number) {
    this.name = name;
    this.#adapter = adapter;
    this.#limit = limit;
  }

  /** Requests one case. Never throws: a case that cannot be measured is absent with its reason. */
  async ask(request: Request): Promise<Answer> {
    if (this.#startFailure !== undefined) return { kind: 'absent', reason: this.#startFailure };
    // One that ended between two requests is started anew.
    if (!this.#process?.connected) {
      const ready = await this.#start();
      if (ready.kind !== 'ready') {
        this.#startFailure = `does not start: ${ready.kind === 'absent' ? ready.reason : ready.kind}`;
        this.stop();
        return { kind: 'absent', reason: this.#startFailure };
      }
    }
    const running = this.#process!;
    const answer = this.#answer();
    // A failure to send means that the process is ending: its exit is the answer.
    running.send(request, () => undefined);
    return answer;
  }

  #start(): Promise<Answer> {
    // Everything that a library prints goes to standard error, not to the results.
    this.#process = fork(child, [this.name, this.#adapter], {
      stdio: ['ignore', 2, 2, 'ipc'],
      serialization: 'advanced',
      execArgv: process.execArgv,
    });
    return this.#answer();
  }

  #answer(): Promise<Answer> {
    const running = this.#process!;
    return new Promise((resolve) => {
      const end = (answer: Answer) => {
        clearTimeout(timer);
        running.off('message', onMessage).off('exit', onExit);
        resolve(answer);
      };
      const onMessage = (answer: unknown) => end(answer as Answer);
      const onExit = (code: number | null, signal: string | null) => {
        this.#process = undefined;
        end({ kind: 'absent', reason: `the engine's process ended with ${code ?? signal}` });
      };
      const timer = setTimeout(() => {
        this.stop();
        end({ kind: 'absent', reason: `takes longer than ${this.#limit} s` });
      }, 1000 * this.#limit);
      running.on('message', onMessage).on('exit', onExit);
    });
  }

  /** Ends the process; the next request starts another. */
  stop(): void {
    this.#process?.removeAllListeners();
    this.#process?.kill('SIGKILL');
    this.#process = undefined;
  }
}
