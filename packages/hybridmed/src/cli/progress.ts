// Progress on standard error: a bar on a terminal, else a line every few seconds.
import type { SingleBar } from 'cli-progress';

/** Progress of a task that counts up to a total. */
export interface Progress {
  update(done: number, total: number, note?: string): void;
  stop(): void;
}

/** Seconds as `5s`, `1m40s`, `2h05m`; nothing where no estimate can be made (cli-progress then gives a text instead of a number). */
function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '';
  const whole = Math.round(seconds);
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  if (minutes === 0) return `${rest}s`;
  return minutes < 60 ? `${minutes}m${String(rest).padStart(2, '0')}s` : `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`;
}

/** A bar with a title; nothing is drawn before the first update, nor while the library loads: most command lines need no bar. */
export function progressBar(title: string): Progress {
  let Bar: typeof SingleBar | undefined;
  let bar: SingleBar | undefined;
  import('cli-progress').then(
    ({ SingleBar: loaded }) => (Bar = loaded),
    () => undefined,
  );
  return {
    update(done, total, note = '') {
      if (!bar && Bar) {
        bar = new Bar({
          format: `${title} {bar} {value}/{total} {eta_formatted} {note}`,
          stream: process.stderr,
          hideCursor: true,
          noTTYOutput: true,
          notTTYSchedule: 10_000,
          etaBuffer: 50,
          formatTime: duration,
          barsize: 24,
          forceRedraw: false,
        });
        bar.start(total, done, { note });
      }
      bar?.update(done, { note });
    },
    stop() {
      bar?.stop();
      bar = undefined;
    },
  };
}
