// docs/clusters.md: its job files parse, its manifest has only fields of MPIJob v2beta1 and of pods, and its commands have the flags that it gives them.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { flagOf } from '@hybridmed/training/options';
import { expect, test } from 'vitest';
import type * as Yaml from 'yaml';
import { commands } from '../packages/hybridmed/src/cli/commands.ts';
import { loadOptions } from '../packages/hybridmed/src/cli/define-command.ts';

const text = readFileSync(fileURLToPath(new URL('../docs/clusters.md', import.meta.url)), 'utf8');
const { parseDocument } = createRequire(fileURLToPath(new URL('../packages/hybridmed/package.json', import.meta.url)))('yaml') as typeof Yaml;
const blocks = (language: string): string[] => [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, block]) => block!);

/** A field's fields; `text`, `number` or `texts` of one that has none; `any name` of a map. */
type Fields = 'text' | 'number' | 'texts' | { readonly [field: string]: Fields | readonly [Fields] };

const pod: Fields = {
  containers: [
    {
      name: 'text',
      image: 'text',
      command: 'texts',
      args: 'texts',
      resources: { limits: { cpu: 'number', memory: 'text' } },
      volumeMounts: [{ name: 'text', mountPath: 'text' }],
    },
  ],
  volumes: [{ name: 'text', persistentVolumeClaim: { claimName: 'text' } }],
};
const replica: Fields = { replicas: 'number', restartPolicy: 'text', template: { spec: pod } };

/** Those of MPIJob that are used here, as pkg/apis/kubeflow/v2beta1/types.go of kubeflow/mpi-operator (Apache-2.0) names them. */
const job: Fields = {
  apiVersion: 'text',
  kind: 'text',
  metadata: { name: 'text' },
  spec: {
    slotsPerWorker: 'number',
    runPolicy: { cleanPodPolicy: 'text', backoffLimit: 'number' },
    sshAuthMountPath: 'text',
    mpiImplementation: 'text',
    mpiReplicaSpecs: { Launcher: replica, Worker: replica },
  },
};

function wrongFields(value: unknown, fields: Fields | readonly [Fields], path: string): string[] {
  if (fields === 'text') return typeof value === 'string' ? [] : [`${path} is no text`];
  if (fields === 'number') return typeof value === 'number' ? [] : [`${path} is no number`];
  if (fields === 'texts') return Array.isArray(value) && value.every((each) => typeof each === 'string') ? [] : [`${path} is no list of texts`];
  if (Array.isArray(fields)) return (value as unknown[]).flatMap((each, i) => wrongFields(each, fields[0] as Fields, `${path}[${i}]`));
  const known = fields as { readonly [field: string]: Fields };
  return Object.entries(value as object).flatMap(([key, each]) =>
    Object.hasOwn(known, key) ? wrongFields(each, known[key]!, `${path}.${key}`) : [`${path}.${key} is no field`],
  );
}

test('the manifest has the fields of an MPIJob', () => {
  const [manifest, ...others] = blocks('yaml');
  expect(others).toEqual([]);
  const document = parseDocument(manifest!, { strict: true, uniqueKeys: true });
  expect(document.errors).toEqual([]);
  const value = document.toJS() as { kind: string; apiVersion: string; spec: Record<string, unknown> };
  expect(wrongFields(value, job, 'job')).toEqual([]);
  expect([value.apiVersion, value.kind]).toEqual(['kubeflow.org/v2beta1', 'MPIJob']);
  expect(['OpenMPI', 'Intel']).toContain(value.spec['mpiImplementation']);
  // As many ranks as workers have slots.
  const { Launcher, Worker } = value.spec['mpiReplicaSpecs'] as Record<string, { replicas: number; template: { spec: { containers: { args: string[] }[] } } }>;
  const { args } = Launcher!.template.spec.containers[0]!;
  expect(Number(args[args.indexOf('-n') + 1])).toBe(Worker!.replicas * Number(value.spec['slotsPerWorker']));
  expect(wrongFields({ kind: 'x', spec: { slots: 1 } }, job, 'job')).toEqual(['job.spec.slots is no field']);
});

test('job files are scripts that bash can read', () => {
  const scripts = blocks('bash');
  expect(scripts).toHaveLength(2);
  for (const script of scripts) {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' });
    expect(status, stderr).toBe(0);
  }
});

test('commands have the flags that are given to them', async () => {
  const lines = [...blocks('bash'), ...blocks('sh')].map((block) => block.replaceAll(/\\\n/g, ' ')).flatMap((block) => block.split('\n'));
  const args = /command: \[mpirun\]\n\s+args:\n((?:\s+- .*\n)+?)\s+Worker:/.exec(text)![1]!;
  const manifest = args
    .split('\n')
    .map((line) => line.trim().replace(/^- /, '').replace('=', ' '))
    .join(' ');
  const used = [...lines, manifest].flatMap((line) => {
    const [, words] = /hybridmed ((?:data )?[a-z]+ .*)$/.exec(line) ?? [];
    return words === undefined ? [] : [words];
  });
  expect(used.length).toBeGreaterThanOrEqual(4);
  const all = commands.flatMap((each) =>
    'commands' in each ? each.commands.map((own) => [`${each.name} ${own.name}`, own] as const) : [[each.name, each] as const],
  );
  for (const words of used) {
    const [name, definition] = all.find(([command]) => words.startsWith(`${command} `))!;
    const flags = Object.keys(await loadOptions(definition)).map(flagOf);
    for (const [flag] of words.matchAll(/--[a-z-]+/g)) expect(flags, name).toContain(flag);
  }
});
