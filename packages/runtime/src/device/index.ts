// The entry of devices by name.
export { deviceNames, lazyDevice, listDevices, openDevice, tuningModes } from './device.ts';
export type { DeviceName } from './device.ts';
export { withScopedDevice } from './scoped-device.ts';
