// The public face of the portable device and the plain reference.
export { plainDevice } from './device/plain.ts';
export type { PlainOptions } from './device/plain.ts';
export { gpujsDevice } from './portable/device.ts';
export type { GpujsOptions } from './portable/device.ts';
