// Progress on standard error: a bar on a terminal, a line now and then elsewhere.
import { SingleBar } from 'cli-progress';

/** Something that counts up. */
export interface Progress {
  update(done: number, total: number, note?: string): void;
  stop(): void;
}

/** A bar with a title; nothing is drawn before the first update. */
export function progressBar(title: string): Progress {
  let bar: SingleBar | undefined;
  return {
    update(done, total, note = '') {
      if (!bar) {
        bar = new SingleBar({
          format: `${title} {bar} {value}/{total} {eta_formatted} {note}`,
          stream: process.stderr,
          hideCursor: true,
          noTTYOutput: true,
          notTTYSchedule: 10_000,
          etaBuffer: 50,
          barsize: 24,
          forceRedraw: false,
        });
        bar.start(total, done, { note });
      }
      bar.update(done, { note });
    },
    stop() {
      bar?.stop();
      bar = undefined;
    },
  };
}
