// Events of a WebGPU device as lines for users; and one step's trace in the file that HYBRIDMED_TRACE names.
import type { DeviceEvents } from '@hybridmed/webgpu';
import { writeFileAtomic } from '../files.ts';

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Milliseconds between two lines about compilation. */
const interval = 2000;

/** Listeners that write lines, and the trace. Plans are reported when they need more memory than all before; compilation when it takes long. */
export function deviceMessages(onMessage: (text: string) => void = () => undefined, traceFile?: string): DeviceEvents {
  let [maxArenaBytes, started, lastReport] = [0, 0, 0];
  const events: DeviceEvents = {
    onMessage,
    onPlan({ dispatches, shaders, arenaBytes, unsharedBytes }) {
      if (arenaBytes <= maxArenaBytes) return;
      maxArenaBytes = arenaBytes;
      onMessage(
        `plan: ${dispatches} dispatches of ${shaders} shaders; intermediates take ${mebibytes(arenaBytes)} at their peak (${mebibytes(unsharedBytes)} side by side)`,
      );
    },
    onCompile(done, total) {
      const now = performance.now();
      if (done === 0) [started, lastReport] = [now, now];
      else if (done === total && now - started > 500) onMessage(`compiled ${total} shaders in ${((now - started) / 1000).toFixed(1)} s`);
      else if (done < total && now - lastReport > interval) {
        lastReport = now;
        onMessage(`compiling shaders: ${done} of ${total}`);
      }
    },
  };
  if (!traceFile) return events;
  return {
    ...events,
    onTrace(trace) {
      writeFileAtomic(traceFile, [JSON.stringify(trace)]).then(
        () => onMessage(`trace of one step: ${traceFile} (open it in Perfetto or chrome://tracing)`),
        (error: unknown) => onMessage(`the trace cannot be written to ${traceFile}: ${error instanceof Error ? error.message : String(error)}`),
      );
    },
  };
}
