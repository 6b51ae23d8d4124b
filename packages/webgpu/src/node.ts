// What only Node has: adapters through Dawn, and the files they may need.
export { unpackChromiumFiles, type ChromiumPack } from './adapter/chromium-files.ts';
export { AdapterError } from './adapter/errors.ts';
export { requestNodeAdapter, type AdapterInfo, type NodeAdapter, type NodeAdapterOptions } from './adapter/node-adapter.ts';
export { nodeWebgpuDevice, type NodeDeviceOptions } from './adapter/node-device.ts';
