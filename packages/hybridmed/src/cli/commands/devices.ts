// `hybridmed devices`: the devices available on this machine, which one `auto` selects, and why.
import { defineCommand } from '../define-command.ts';
import { jsonOption } from '../options/shared.ts';
import { printJson, table } from '../output.ts';

/** The command. */
export const devices = defineCommand({
  name: 'devices',
  description: 'list the available devices, and which one auto selects',
  examples: {
    devices: 'available devices, which one auto selects and why',
  },
  options: { ...jsonOption },
  async run({ values, output }) {
    const { listDevices } = await import('@hybridmed/runtime/device');
    const { devices: listed, auto, reason } = await listDevices();
    if (values.json) return printJson(output, { devices: listed, auto, reason });
    const rows = listed.map(({ kind, available, name, software }) => [
      kind === auto ? '*' : '',
      kind,
      available ? (software ? 'software' : 'ready') : 'absent',
      name,
    ]);
    output.result(`${table(rows)}\nauto selects ${auto}: ${reason}\n`);
  },
});
