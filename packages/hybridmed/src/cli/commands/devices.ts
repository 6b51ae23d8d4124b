// `hybridmed devices`: the devices available on this machine, which one `auto` selects, and why.
import type { Command } from 'commander';
import { jsonOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printJson, table } from '../output.ts';

/** Adds the command. */
export function addDevices(program: Command, output: Output): void {
  program
    .command('devices')
    .description('list the available devices, and which one auto selects')
    .addOption(jsonOption())
    .action(async ({ json }: { json: boolean }) => {
      const { listDevices } = await import('@hybridmed/runtime/device');
      const { devices, auto, reason } = await listDevices();
      if (json) return printJson(output, { devices, auto, reason });
      const rows = devices.map(({ kind, available, name, software }) => [
        kind === auto ? '*' : '',
        kind,
        available ? (software ? 'software' : 'ready') : 'absent',
        name,
      ]);
      output.result(`${table(rows)}\nauto selects ${auto}: ${reason}\n`);
    });
}
