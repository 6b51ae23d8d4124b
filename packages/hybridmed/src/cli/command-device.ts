// The device of a command: opened when it is first needed, closed when the command ends.
import type { DeviceName } from '@hybridmed/runtime/device';
import type { Device, Precision } from '@hybridmed/tensor';
import type { TuningMode } from '@hybridmed/webgpu';

/** How a command opens its device. */
export interface OpenDeviceOptions {
  /** Opens another one in place of a device that is lost, which its owner has closed. */
  readonly again?: boolean;
  /** Receives what the device reports of plans and compilation, too. */
  readonly onMessage?: (text: string) => void;
  /** In place of what the options say. */
  readonly tuning?: TuningMode | undefined;
}

/** What options say of the device; a command without some of them leaves them to the device. */
export interface DeviceValues {
  readonly device?: DeviceName;
  readonly threads?: number;
  readonly precision?: Precision;
  readonly tuning?: TuningMode;
}

/** The device of these values. `log` is told which one it is, and why. */
export function commandDevice({ device: name = 'auto', threads, precision, tuning }: DeviceValues, log: (text: string) => void) {
  let opened: Promise<Device> | undefined;
  return {
    open({ again = false, onMessage, tuning: mode = tuning }: OpenDeviceOptions = {}): Promise<Device> {
      if (again) opened = undefined;
      opened ??= import('@hybridmed/runtime/device')
        .then(({ openDevice }) => openDevice(name, { threads, precision, tuning: mode, onMessage }))
        .then(({ device, reason }) => {
          (onMessage ?? log)(`device: ${device.info.name} (${reason})`);
          return device;
        });
      return opened;
    },
    close: async (): Promise<void> => (await opened?.catch(() => undefined))?.close(),
  };
}
