// The public face of the portable device and the plain reference.
export { plainDevice } from './plain/device.ts';
export type { PlainOptions } from './plain/device.ts';
export { gpujsDevice } from './portable/device.ts';
export type { GpujsOptions } from './portable/device.ts';
