// Open-I's reports: XML files in a folder or still in NLMCXR_reports.tgz, or the Kaggle table of them.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import tar from 'tar-stream';
import { DataError, describeFileError } from '../errors.ts';
import { byteChunks, plainOrGzip, smallText } from '../files/chunks.ts';
import { readTable } from '../files/table.ts';
import { normalizeText } from '../text.ts';
import type { Drops } from './source.ts';

/** One report: its number, sections, the ids of its images, and its MeSH tags. */
export interface OpeniReport {
  readonly id: string;
  readonly findings: string;
  readonly impression: string;
  readonly images: readonly string[];
  readonly tags: string;
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  processEntities: true,
  isArray: (name) => ['AbstractText', 'parentImage', 'major', 'automatic'].includes(name),
});

// A report is a few kilobytes; a larger member is not one.
const maxReportBytes = 1 << 20;

const textOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? String((value as Record<string, unknown>)['#text'] ?? '') : String(value ?? '');

/** Parses one report. Throws a DataError naming the file for XML that is broken or of another kind. */
export function parseReport(xml: string, file: string): OpeniReport {
  const sound = XMLValidator.validate(xml);
  if (sound !== true) throw new DataError(`${file}: broken XML at line ${sound.err.line} (${sound.err.msg}); restore the file`);
  // oxlint-disable-next-line typescript/no-explicit-any -- parsed XML has no type.
  const root = (parser.parse(xml) as { eCitation?: Record<string, any> }).eCitation;
  if (!root) throw new DataError(`${file}: has no eCitation; it is not an Open-I report`);
  const sections: Record<string, string> = {};
  for (const part of (root.MedlineCitation?.Article?.Abstract?.AbstractText ?? []) as Record<string, unknown>[]) {
    const label = String(part['@Label'] ?? '').toUpperCase();
    sections[label] = normalizeText(textOf(part));
  }
  const images = ((root.parentImage ?? []) as Record<string, unknown>[]).map((image) => String(image['@id'] ?? '')).filter(Boolean);
  const tags = ((root.MeSH?.major ?? []) as unknown[]).map(textOf).join(';');
  return { id: basename(file, '.xml'), findings: sections.FINDINGS ?? '', impression: sections.IMPRESSION ?? '', images, tags };
}

type Take = (name: string, xml: string) => void;

async function folderReports(folder: string, take: Take): Promise<void> {
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.xml')).toSorted())
    // A file that is too large or cannot be read is a broken report like any other.
    take(name, await smallText(join(folder, name), maxReportBytes).catch(() => ''));
}

/** Hands over the archive's reports one by one; nothing is unpacked to disk, and no more than one report is in memory. */
async function archiveReports(archive: string, take: Take): Promise<void> {
  const extract = tar.extract();
  extract.on('entry', (header, stream, next) => {
    const wanted = header.type === 'file' && header.name.endsWith('.xml') && (header.size ?? 0) <= maxReportBytes;
    const chunks: Buffer[] = [];
    if (wanted) stream.on('data', (chunk) => chunks.push(chunk as Buffer));
    else stream.resume();
    stream.on('end', () => {
      if (wanted) take(header.name, Buffer.concat(chunks).toString('utf8'));
      next();
    });
  });
  await pipeline(byteChunks(archive), extract).catch((error: unknown) => Promise.reject(describeFileError(archive, error)));
}

async function tableReports(file: string, folder: string, drops: Drops): Promise<OpeniReport[]> {
  const images = new Map<string, string[]>();
  const projections = plainOrGzip(join(folder, 'indiana_projections.csv'));
  if (projections) {
    await readTable(projections, { required: ['uid', 'filename'] }, ([uid, name]) => {
      const known = images.get(uid!) ?? [];
      known.push(name!.replace(/(\.dcm)?\.png$/, ''));
      images.set(uid!, known);
    });
  }
  const reports: OpeniReport[] = [];
  const columns = { required: ['uid', 'findings', 'impression'], optional: ['MeSH'] };
  const { broken } = await readTable(file, columns, ([id, findings, impression, tags]) => {
    reports.push({ id: id!, findings: normalizeText(findings!), impression: normalizeText(impression!), images: images.get(id!) ?? [], tags: tags! });
  });
  drops.add('the row is not a row of the table', broken);
  return reports;
}

/** Whether a folder holds XML files. */
const holdsXml = (folder: string): boolean => existsSync(folder) && statSync(folder).isDirectory() && readdirSync(folder).some((name) => name.endsWith('.xml'));

/** Reads all reports of a folder in Open-I's layout, from XML where there is any. Broken files are counted in `drops`. */
export async function readReports(folder: string, drops: Drops): Promise<OpeniReport[]> {
  const reports: OpeniReport[] = [];
  const take = (file: string, xml: string) => {
    try {
      reports.push(parseReport(xml, file.split('/').at(-1)!));
    } catch {
      drops.add('the report XML is broken');
    }
  };
  const xmlFolder = [join(folder, 'ecgen-radiology'), join(folder, 'reports'), folder].find(holdsXml);
  const archive = ['NLMCXR_reports.tgz', 'NLMCXR_reports.tar.gz'].map((name) => join(folder, name)).find(existsSync);
  const table = plainOrGzip(join(folder, 'indiana_reports.csv'));
  if (xmlFolder) await folderReports(xmlFolder, take);
  else if (archive) await archiveReports(archive, take);
  else if (table) reports.push(...(await tableReports(table, folder, drops)));
  else throw new DataError(`${folder}: holds no Open-I reports (ecgen-radiology/*.xml, NLMCXR_reports.tgz or indiana_reports.csv); name the folder that does`);
  return reports.toSorted((a, b) => Number(a.id) - Number(b.id));
}
