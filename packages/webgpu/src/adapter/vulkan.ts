// The Vulkan loader and its drivers on Linux: what the system has, and SwiftShader from `@sparticuz/chromium` where it has none.
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import koffi, { type LibraryHandle } from 'koffi';
import { unpackChromiumFiles } from './chromium-files.ts';
import { setProcessVariable } from './process-environment.ts';

const driverVariables = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES'] as const;

// Dawn opens the loader by this name; a library of this name that is already loaded is the one it gets.
const loaderName = 'libvulkan.so.1';

/** True where the user names Vulkan drivers, or the system's folders list one. */
export function hasSystemDrivers(): boolean {
  if (driverVariables.some((name) => process.env[name])) return true;
  const list = (name: string, fallback: string): string[] => (process.env[name] || fallback).split(':');
  const folders = [
    ...list('XDG_CONFIG_HOME', join(homedir(), '.config')),
    ...list('XDG_CONFIG_DIRS', '/etc/xdg'),
    '/etc',
    ...list('XDG_DATA_HOME', join(homedir(), '.local/share')),
    ...list('XDG_DATA_DIRS', '/usr/local/share:/usr/share'),
  ];
  return folders.some((folder) => {
    try {
      return readdirSync(join(folder, 'vulkan/icd.d')).some((file) => file.endsWith('.json'));
    } catch {
      return false;
    }
  });
}

// Kept for the life of the process: Dawn's instances use it.
let loader: LibraryHandle | undefined;

/** Makes sure that a Vulkan loader is loaded: the system's, else the one unpacked beside SwiftShader. Throws an Error when neither can be. */
export async function loadVulkanLoader(): Promise<void> {
  if (loader) return;
  try {
    loader = koffi.load(loaderName);
  } catch {
    loader = koffi.load(join(await unpackChromiumFiles(['swiftshader']), loaderName));
  }
}

/** Runs `body` while SwiftShader is the only Vulkan driver a new instance finds, and restores the environment afterwards. */
export async function withSwiftShader<T>(body: () => Promise<T>): Promise<T> {
  const driver = join(await unpackChromiumFiles(['swiftshader']), 'vk_swiftshader_icd.json');
  const before = driverVariables.map((name) => [name, process.env[name]] as const);
  setProcessVariable('VK_DRIVER_FILES', driver);
  setProcessVariable('VK_ICD_FILENAMES', driver);
  setProcessVariable('VK_ADD_DRIVER_FILES', undefined);
  try {
    return await body();
  } finally {
    for (const [name, value] of before) setProcessVariable(name, value);
  }
}
