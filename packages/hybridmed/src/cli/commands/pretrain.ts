// `hybridmed pretrain`: both stages from flags and a configuration file.
import { presets } from '@hybridmed/model/presets';
import type { DeviceName } from '@hybridmed/runtime/device';
import type { Device } from '@hybridmed/tensor';
import type { RunConfig } from '@hybridmed/training/settings';
import type { TuningMode } from '@hybridmed/webgpu';
import type { Command } from 'commander';
import { Option } from 'commander';
import { amounts, columns, deviceOption, integer, integerOr, jsonOption, number, precisionOption, stagePair, threadsOption, tuningOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printJson, printResult } from '../output.ts';
import { exitCodeOf, shellLine, stopSignals } from '../stop-signals.ts';

/** Flags that are settings of the run, under the same names. */
const settings = [
  new Option('--data <spec>', 'data set as name:path: openi:DIR, phantom:DIR, csv:FILE, shards:DIR or shards:URL'),
  new Option('--preset <name>', 'sizes and defaults (default: small)').choices(Object.keys(presets)),
  new Option('--vision <encoder>', 'vision encoder: preset, hf:FOLDER of a published checkpoint, or a module (default: preset)'),
  new Option('--text <encoder>', 'text encoder: preset, hf:FOLDER of a published BERT, or a module (default: preset)'),
  new Option('--image-size <pixels>', "side of the images; 0 for the preset's").argParser(integer(0)),
  new Option('--epochs <a,b>', 'epochs of stage 1 and of stage 2').argParser(stagePair),
  new Option('--steps <a,b>', 'maximum number of steps of each stage; 0 for no limit').argParser(stagePair),
  new Option('--limit <n>', 'maximum number of training (and of validation) studies; 0 for all').argParser(integer(0)),
  new Option('--batch <n>', 'studies per pass').argParser(integer(1)),
  new Option('--accumulate <n>', 'passes per step').argParser(integer(1)),
  new Option('--learning-rate <x>', 'peak learning rate; may be changed when a run is resumed').argParser(number(0)),
  new Option('--warmup <fraction>', 'fraction of the steps for warm-up').argParser(number(0)),
  new Option('--weight-decay <x>', 'decoupled weight decay').argParser(number(0)),
  new Option('--clip <x>', 'maximum norm of the gradients').argParser(number(0)),
  new Option('--early-stop <epochs>', 'end a stage after this many epochs without improvement; 0 for never').argParser(integer(0)),
  new Option('--views <views>', 'which views').choices(['frontal', 'all']),
  new Option('--deid-placeholders <policy>', 'what happens to the placeholders that de-identification left in texts (XXXX, ___)').choices([
    'keep',
    'remove',
    'mask',
  ]),
  new Option('--split-file <file>', "split ids to use in place of the set's own split (see data split)"),
  new Option('--exclude-ids <file>', 'ids of patients, studies or images to leave out (a table as data split writes)'),
  new Option('--columns <role=name,...>', 'csv: names of columns, such as image=file,findings=text').argParser(columns),
  new Option('--encoding <name>', 'encoding of text files that are not UTF-8, such as windows-1252'),
  new Option('--seed <n>', 'seed of all random numbers').argParser(integer(0)),
  new Option('--vocabulary <n|file>', 'size of the vocabulary trained on the texts, or a vocab.txt or tokenizer.json').argParser(integerOr('file', 10)),
  new Option('--cut-vocabulary', 'reduce a given vocabulary to the tokens that the training texts use'),
  new Option('--dropout <rate>', 'dropout rate').argParser(number(0)),
  new Option('--freeze <names...>', 'parameters that are not trained, such as "vision.*"'),
  new Option('--layer-decay <x>', "factor between the learning rates of an encoder's neighbouring layers").argParser(number(0)),
  new Option('--lora <layers...>', 'linear layers to adapt by LoRA, such as "text.*.query"; merged when saved'),
  new Option('--lora-rank <n>', 'rank of the adapters').argParser(integer(1)),
  new Option('--lora-alpha <x>', 'the adapters are scaled by this divided by their rank').argParser(number(0)),
  new Option('--remat', "recompute each layer's activations in the backward pass: less memory, more time"),
  precisionOption(),
  new Option('--sampling <order>', 'order of an epoch: shuffle, length (batches of texts of similar length) or shard (packed sets, streamed)').choices([
    'shuffle',
    'length',
    'shard',
  ]),
  new Option(
    '--augment <amounts>',
    'augmentations in addition to the random crop, such as rotation=5,brightness=0.1,contrast=0.1 (also zoom, noise, cutout)',
  ).argParser(amounts),
  new Option(
    '--on-bad-data <policy>',
    'where a training image cannot be read: skip (the next study of its batch takes its place, for up to 1 % of the studies; default) or stop',
  ).choices(['skip', 'stop']),
  new Option('--checkpoint-every <steps>', 'steps between checkpoints within an epoch').argParser(integer(0)),
  new Option('--cg <weight>', 'weight of the global contrastive loss').argParser(number(0)),
  new Option('--cl <weight>', 'weight of the local contrastive loss').argParser(number(0)),
  new Option('--sum <weight>', 'weight of summarization in stage 2').argParser(number(0)),
  new Option('--cap <weight>', 'weight of captioning').argParser(number(0)),
  new Option('--dis <weight>', 'weight of distillation').argParser(number(0)),
  new Option('--no-cg', 'without the global contrastive loss'),
  new Option('--no-cl', 'without the local contrastive loss'),
  new Option('--no-sum', 'without summarization in stage 2'),
  new Option('--no-cap', 'without captioning'),
  new Option('--no-dis', 'without distillation'),
  new Option('--temperature <x>', 'temperature of distillation').argParser(number(0)),
  new Option('--tau <x>', 'temperature of the local alignment').argParser(number(0)),
  new Option('--duplicates <how>', 'how the global contrastive loss treats studies with equal impressions').choices(['negatives', 'positives']),
  new Option('--teacher <kind>', "distillation's teacher").choices(['snapshot', 'live']),
  new Option('--projection <kind>', 'projections into the joint embedding space').choices(['linear', 'mlp']),
  new Option('--shared-cross', 'one cross-attention for both branches instead of two'),
  new Option('--unshared-decoder', 'separate self-attention and feed-forward layers for each branch'),
  new Option('--no-stage1', 'skip stage 1'),
  new Option('--stage1 <run>', "start stage 2 from another run's stage 1"),
];

/** What the command itself needs, in addition to the run's configuration. */
interface CommandFlags {
  out?: string;
  config?: string;
  resume: boolean;
  acceptChangedData: boolean;
  waitForLock: boolean;
  device: DeviceName;
  tuning: TuningMode;
  threads?: number;
  workers?: number;
  report: boolean;
  json: boolean;
}

/** Settings of the run that were set by flags; `--no-X` of a loss is its weight 0. */
function flagSettings(command: Command): Record<string, unknown> {
  const values = command.opts<Record<string, unknown>>();
  return Object.fromEntries(
    settings.flatMap((option) => {
      const key = option.attributeName();
      if (command.getOptionValueSource(key) !== 'cli') return [];
      const value = values[key];
      return [[key, value === false && key !== 'stage1' ? 0 : value]];
    }),
  );
}

/** The command's own flags; those that were not set come from the configuration file, else have their defaults. */
function mergeFlags(command: Command, flags: CommandFlags, fileFlags: Partial<CommandFlags>): CommandFlags {
  const unset = Object.entries(fileFlags).filter(([key]) => command.getOptionValueSource(key) !== 'cli');
  return { ...flags, ...Object.fromEntries(unset) };
}

/** Adds the command. */
export function addPretrain(program: Command, output: Output): void {
  const command = program.command('pretrain').description('pre-train both stages; a run can be stopped at any moment and resumed');
  for (const option of settings) command.addOption(option);
  command
    .option('--out <dir>', "the run's folder")
    .option('--config <file>', 'settings in JSON; flags take precedence (schema: config.schema.json of this package)')
    .option('--resume', 'resume where the run stopped; start a new run if there is none', false)
    .option(
      '--accept-changed-data',
      'resume on other studies, or from other files of --stage1 and hf: checkpoints, than those the run was trained on; recorded',
      false,
    )
    .option('--wait-for-lock', 'wait where another process trains in the folder, instead of ending', false)
    .option('--workers <n>', 'threads that decode images', integer(0))
    .option('--no-report', 'do not evaluate the run and write its report at the end')
    .addOption(deviceOption())
    .addOption(tuningOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async (ownFlags: CommandFlags) => {
      const [{ readRunFile }, { checkSettings, completeConfig }] = await Promise.all([
        import('@hybridmed/runtime/run'),
        import('@hybridmed/training/settings'),
      ]);
      const file = ownFlags.config === undefined ? { settings: {}, command: {} } : await readRunFile(ownFlags.config);
      let runSettings: Partial<RunConfig>;
      try {
        runSettings = { ...file.settings, ...checkSettings(undefined, flagSettings(command)) };
      } catch (error) {
        return command.error(`error: ${(error as Error).message}`);
      }
      const { data } = runSettings;
      const { out, ...flags } = mergeFlags(command, ownFlags, file.command);
      if (data === undefined) return command.error("error: required option '--data <spec>' not specified");
      if (out === undefined) return command.error("error: required option '--out <dir>' not specified");
      await pretrainAndReport(completeConfig({ ...runSettings, data }), { ...flags, out, words: program.args }, output);
    });
}

const optional = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } => (value === undefined ? {} : ({ [key]: value } as { [P in K]: V }));

/** Writes the run's report. A report that cannot be written is no failure of the run, which is complete: the reason is logged. */
async function writeRunReport(folder: string, device: Device, output: Output): Promise<string | undefined> {
  const { writeReport } = await import('../../report/write-report.ts');
  try {
    return (await writeReport({ run: folder, device: () => Promise.resolve(device), onMessage: (text) => output.log(text) })).file;
  } catch (error) {
    output.log(`no report was written: ${(error as Error).message.split('\n')[0]} (try again with hybridmed report ${folder})`);
    return undefined;
  }
}

/** The command that resumes a stopped one. */
const resumeLine = (words: readonly string[]): string => shellLine(['hybridmed', ...words, ...(words.includes('--resume') ? [] : ['--resume'])]);

async function pretrainAndReport(config: RunConfig, flags: CommandFlags & { out: string; words: readonly string[] }, output: Output): Promise<void> {
  const [{ pretrainWithRecovery }, { TrainingStoppedError }, { openDevice }, { trainingProgress }] = await Promise.all([
    import('@hybridmed/runtime/run'),
    import('@hybridmed/training'),
    import('@hybridmed/runtime/device'),
    import('../training-progress.ts'),
  ]);
  const progress = trainingProgress(output);
  const onMessage = progress.events.onMessage!;
  let device: Device | undefined;
  const stop = stopSignals((name) => onMessage(`${name}: stopping after this step; a second signal ends at once`));
  // Called again after a lost device.
  const open = async () => {
    const { precision } = config;
    const opened = await openDevice(flags.device, { precision, tuning: flags.tuning, ...optional('threads', flags.threads), onMessage });
    onMessage(`device: ${opened.device.info.name} (${opened.reason})`);
    return (device = opened.device);
  };
  try {
    const { out, resume, acceptChangedData, waitForLock } = flags;
    const options = {
      config,
      out,
      open,
      resume,
      acceptChangedData,
      waitForLock,
      signal: stop.signal,
      ...optional('workers', flags.workers),
      events: progress.events,
    };
    const result = await pretrainWithRecovery(options);
    progress.stop();
    stop.release();
    const lateSignal = stop.received();
    if (lateSignal !== undefined) output.exitCode = exitCodeOf(lateSignal);
    const report = flags.report && lateSignal === undefined ? await writeRunReport(out, device!, output) : undefined;
    printResult(
      output,
      flags,
      { ...result, ...optional('report', report) },
      () =>
        `checkpoint: ${result.checkpoint}\nmetrics:    ${result.out}/metrics.jsonl (and TensorBoard event files in the same folder)\n${report === undefined ? '' : `report:     ${report}\n`}`,
    );
  } catch (error) {
    const name = stop.received();
    if (!(error instanceof TrainingStoppedError) || name === undefined) throw error;
    const line = `${name}: ${error.message}; resume with: ${resumeLine(flags.words)}`;
    onMessage(line);
    if (flags.json) printJson(output, { error: line });
    output.exitCode = exitCodeOf(name);
  } finally {
    progress.stop();
    stop.release();
    await device?.close();
  }
}
