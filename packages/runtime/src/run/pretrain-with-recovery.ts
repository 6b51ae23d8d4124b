// Pre-training with recovery: where a GPU is lost (driver reset, unplugged), a new device resumes from the last checkpoint.
import type { Device } from '@hybridmed/tensor';
import { DeviceLostError } from '@hybridmed/tensor';
import type { PretrainOptions } from './pretrain-options.ts';
import type { PretrainResult } from './pretrain.ts';
import { pretrain } from './pretrain.ts';

/** What such a run needs: a way to open the device, again and again. */
export interface RecoveryOptions extends Omit<PretrainOptions, 'device'> {
  open(): Promise<Device>;
}

/**
 * Pre-trains on the device that `open` gives; the last one is the caller's to close. A lost device is replaced and the run resumed from its last checkpoint (every
 * `checkpointEvery` steps and each epoch's end), with the same numbers as a run that lost none. Throws the DeviceLostError where a
 * device is lost again before its first step, and whatever else `pretrain` throws.
 */
export async function pretrainWithRecovery({ open, ...options }: RecoveryOptions): Promise<PretrainResult> {
  const { events = {} } = options;
  for (let resume = options.resume ?? false; ; resume = true) {
    const device = await open();
    let steps = 0;
    try {
      const counted: PretrainOptions['events'] = {
        ...events,
        onStep(line, progress) {
          steps++;
          events.onStep?.(line, progress);
        },
      };
      return await pretrain({ ...options, device, resume, events: counted });
    } catch (error) {
      // Other ranks wait for this one's step, not for its device: their job ends, and is resumed as a whole.
      if (!(error instanceof DeviceLostError) || steps === 0 || (options.ranks?.size ?? 1) > 1) throw error;
      await device.close();
      events.onMessage?.(`${error.message.split(';')[0]}; a new device resumes from the last checkpoint`);
    }
  }
}
