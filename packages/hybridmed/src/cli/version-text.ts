// What `hybridmed --version` prints: the bare version first, for scripts, then devices and libraries.
import { version } from '@hybridmed/runtime/version';
import { deviceRows } from './commands/doctor.ts';
import { formatVersions, libraryVersions } from './installed-libraries.ts';
import { table } from './output.ts';

/** The version, Node, libraries and devices, a line each. */
export async function versionText(): Promise<string> {
  const { listDevices } = await import('@hybridmed/runtime/device');
  const { devices, auto } = await listDevices();
  return `${version()}\n${table([['Node', process.version], ['libraries', formatVersions(libraryVersions())], ...deviceRows(devices), ['auto selects', auto ?? 'nothing']])}`;
}
