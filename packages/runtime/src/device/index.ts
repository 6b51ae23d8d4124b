// The entry of devices by name.
export { deviceHelp, deviceNames, lazyDevice, listDevices, openDevice, tuningModes } from './open-device.ts';
export type { DeviceListing } from './open-device.ts';
export type { DeviceName } from './open-device.ts';
export { withScopedDevice } from './scoped-device.ts';
