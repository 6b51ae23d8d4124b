// A device for one piece of work: its programs and states are freed when the work ends, however it ends.
import type { Device, DeviceState, Program } from '@hybridmed/tensor';

/** Runs `use` with the device; programs and states that it left are freed afterwards. The device itself stays open. */
export async function withScopedDevice<T>(device: Device, use: (device: Device) => Promise<T>): Promise<T> {
  const programs = new Set<Program>();
  const states: DeviceState[] = [];
  const scoped: Device = {
    info: device.info,
    ...(device.choices ? { choices: device.choices } : {}),
    async compile(graph) {
      const program = await device.compile(graph);
      programs.add(program);
      return {
        graph: program.graph,
        run: (data, state) => program.run(data, state),
        release() {
          // Once only: an engine may not take a second release.
          if (programs.delete(program)) program.release?.();
        },
      };
    },
    createState(initial) {
      const state = device.createState(initial);
      states.push(state);
      return state;
    },
    close: () => device.close(),
  };
  try {
    return await use(scoped);
  } finally {
    for (const program of programs) program.release?.();
    for (const state of states) state.drop();
  }
}
