// Opens the device that a command runs on by its row of the registry, and says why: the first row that `auto` can take, or the one asked for.
import type { Device } from '@hybridmed/tensor';
import { DeviceError } from '@hybridmed/tensor';
import type { TuningMode } from '@hybridmed/webgpu';
import type { DeviceKind, DeviceOptions, DeviceRow } from './registry.ts';
import { deviceRows } from './registry.ts';

const rows: readonly (DeviceRow & { readonly name: DeviceKind })[] = deviceRows;

/** Names a user can give. */
export const deviceNames = ['auto', ...rows.map(({ name }) => name)] as const;

/** A device's name, or `auto`. */
export type DeviceName = (typeof deviceNames)[number];

/** What `--device` does, in one line. */
export const deviceHelp = `device to compute on: auto selects ${rows.map(({ name, title = name }) => title).join(', else ')}`;

/** How a WebGPU device chooses variants of kernels. */
export const tuningModes = ['off', 'cached', 'measure'] as const satisfies readonly TuningMode[];

/** A device, and the reason for it. */
export interface OpenedDevice {
  readonly device: Device;
  readonly reason: string;
}

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!;

/** A row that `auto` went past: what was wrong, whether its engine is not installed, or that only software stands in for the hardware. */
interface Refusal {
  readonly row: DeviceRow;
  readonly problem: string;
  readonly missing?: boolean;
  readonly software?: boolean;
}

const refusalOf = (row: DeviceRow, error: unknown): Refusal => ({
  row,
  problem: firstLine(error),
  missing: error instanceof DeviceError && error.install !== undefined,
});

/** That hardware is absent is usual; why anything else cannot be used, or what would have to be installed, is worth its message. */
function refusalText({ row, problem, missing, software }: Refusal): string {
  if (missing) return problem;
  if (software && row.reason.software) return row.reason.software;
  return row.hardware ? row.reason.absent : `${row.reason.absent} (${problem})`;
}

const reasonFor = (row: DeviceRow, refusals: readonly Refusal[]): string =>
  refusals.length === 0 ? row.reason.taken : refusals.map(refusalText).join(', and ');

const problemsOf = (refusals: readonly Refusal[]): string => refusals.map(({ row, problem }) => `${row.name}: ${problem}`).join('; ');

async function openAutomatically(options: DeviceOptions): Promise<OpenedDevice> {
  const refusals: Refusal[] = [];
  const mixed = options.precision === 'mixed';
  for (const row of rows.filter((each) => !mixed || each.mixed)) {
    try {
      return { device: await (row.hardware ?? row.open)(options), reason: reasonFor(row, refusals) };
    } catch (error) {
      refusals.push(refusalOf(row, error));
    }
  }
  if (mixed) {
    const problems = refusals.map(({ problem }) => problem).join('; ');
    throw new DeviceError('auto', `no hardware adapter computes in mixed precision (${problems}); leave --precision out, or name --device ${mixedNames()}`);
  }
  throw new DeviceError('auto', `no device can be used (${problemsOf(refusals)})`);
}

const mixedNames = (): string =>
  rows
    .filter(({ mixed }) => mixed)
    .map(({ name }) => name)
    .join(' or ');

/** Opens a device by name. `auto` never takes a software adapter. Throws a DeviceError saying what is missing, or that a device has no mixed precision. */
export async function openDevice(name: DeviceName, options: DeviceOptions = {}): Promise<OpenedDevice> {
  if (name === 'auto') return openAutomatically(options);
  const row = rows.find((each) => each.name === name);
  if (!row) throw new DeviceError(name, `there is no device of this name; choose one of ${deviceNames.join(', ')}`);
  if (options.precision === 'mixed' && !row.mixed)
    throw new DeviceError(name, `computes in f32; mixed precision needs --device ${mixedNames()} and an adapter with 16-bit floats`);
  return { device: await row.open(options), reason: 'asked for' };
}

/** A device that is opened at the first call of `open`, and closed if it was opened. */
export function lazyDevice(name: DeviceName, options: DeviceOptions = {}): { open(): Promise<Device>; close(): Promise<void> } {
  let opened: Promise<Device> | undefined;
  return {
    open: () => (opened ??= openDevice(name, options).then(({ device }) => device)),
    close: async () => (await opened?.catch(() => undefined))?.close(),
  };
}

/** One kind of device, as `devices` lists it. */
export interface DeviceListing {
  readonly kind: DeviceKind;
  readonly available: boolean;
  readonly software: boolean;
  /** The engine and adapter, or why it is absent. */
  readonly name: string;
}

/** Lists the available devices, what `auto` takes, and why. */
export async function listDevices(): Promise<{ devices: DeviceListing[]; auto: DeviceName | null; reason: string }> {
  const devices: DeviceListing[] = [];
  const refusals: Refusal[] = [];
  let taken: { readonly auto: DeviceKind; readonly reason: string } | undefined;
  for (const row of rows) {
    try {
      const device = await row.open({});
      const { name, software } = device.info;
      devices.push({ kind: row.name, available: true, software, name });
      if (row.hardware && software) refusals.push({ row, problem: name, software });
      else taken ??= { auto: row.name, reason: reasonFor(row, refusals) };
      await device.close();
    } catch (error) {
      devices.push({ kind: row.name, available: false, software: false, name: firstLine(error) });
      refusals.push(refusalOf(row, error));
    }
  }
  return { devices, ...(taken ?? { auto: null, reason: 'no device can be used' }) };
}
