// The document of a GPU report: the adapter, the bars, and what every part found; runs the parts on an adapter.
import type { Capabilities } from '@hybridmed/kernels';
import { capabilitiesOf } from '@hybridmed/webgpu';
import type { AdapterName } from '../harness/adapter.ts';
import { openAdapter } from '../harness/adapter.ts';
import { probeRoofline } from '../harness/roofline.ts';
import type { Roofline, Row } from '../harness/row.ts';
import type { Absence } from '../peers/measure.ts';
import { machine } from '../results.ts';
import type { Bar } from './bars.ts';
import { barsOf } from './bars.ts';
import type { Part, PartReport } from './part.ts';
import { runParts } from './part.ts';

/** The report. Rows of all parts stand together, so that `compare` and `page` read it as they read other suites. */
export interface GpuDocument {
  readonly suite: 'gpu';
  readonly date: string;
  readonly processor: string;
  readonly cores: number;
  readonly node: string;
  readonly quick: boolean;
  readonly adapter: string;
  readonly software: boolean;
  readonly capabilities: Capabilities;
  readonly roofline: Roofline;
  /** How the peak was found. */
  readonly peak: string;
  readonly seconds: number;
  readonly bars: readonly Bar[];
  readonly parts: readonly PartReport[];
  readonly rows: readonly Row[];
  readonly absent: readonly Absence[];
}

/** How the peak is found: no table of names, which would not know the next adapter, nor the clock it runs at. */
const peakText =
  'Both are measured on this adapter, at its clock and load of this run, and not looked up by its name: arithmetic by a kernel whose threads do nothing but independent f32 multiply-adds in registers (fused, and as a product and a sum; the faster counts), with work added until a run takes 10 ms; memory by copying 1 and 64 MiB. The fastest of five runs counts.';

/** Options of a report. */
export interface ReportOptions {
  readonly device: AdapterName;
  readonly quick: boolean;
  readonly python: string;
  /** Seconds of the whole. */
  readonly seconds: number;
  readonly parts: readonly Part[];
  readonly say: (line: string) => void;
}

/** Measures. Throws an AdapterError if there is no adapter, an Error if it runs on the processor and no quick report was asked for. */
export async function measureReport({ device: name, quick, python, seconds, parts, say }: ReportOptions): Promise<GpuDocument> {
  const begin = performance.now();
  const device = await openAdapter(name);
  const { name: adapter, software } = device.info;
  const capabilities = capabilitiesOf(device.gpu);
  let roofline: Roofline;
  try {
    if (software && !quick)
      throw new Error(
        `no GPU: the adapter is ${adapter}, which runs on the processor; install the GPU's Vulkan driver, or give --quick, a report of tiny shapes`,
      );
    say(`${adapter}${quick ? ': a quick report' : ''}`);
    roofline = await probeRoofline(device.gpu);
  } finally {
    await device.close();
  }
  say(`peak: ${roofline.gflops} GFLOP/s, ${roofline.gbps} GB/s, measured`);
  const context = { device: name, adapter, software, capabilities, roofline, quick, python, say };
  const reports = await runParts(parts, begin + 1000 * seconds, context);
  return {
    suite: 'gpu',
    ...machine(),
    quick,
    adapter,
    software,
    capabilities,
    roofline,
    peak: peakText,
    seconds: Math.round((performance.now() - begin) / 1000),
    bars: barsOf(reports, roofline, { software, quick }),
    parts: reports,
    rows: reports.flatMap((report) => report.rows),
    absent: reports.flatMap((report) => report.absent),
  };
}
