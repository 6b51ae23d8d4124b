// Open-I's reports: XML files in a folder or still in NLMCXR_reports.tgz, or the Kaggle table of them.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import tar from 'tar-stream';
import { DataError, describeFileError } from '@hybridmed/images/errors';
import { byteChunks, plainOrGzip, smallFile } from '../files/chunks.ts';
import { decodeText } from '../files/encoding.ts';
import { readTable } from '../files/table.ts';
import { normalizeText } from '../text.ts';
import { sectionName } from './mimic-names.ts';
import type { Drops } from './source.ts';

/** One report: its number, sections, the ids of its images, and its MeSH tags. */
export interface OpeniReport {
  readonly id: string;
  readonly findings: string;
  readonly impression: string;
  readonly images: readonly string[];
  readonly tags: string;
}

// Elements in their order, so that a text with markup in it stays whole; characters by number are entities of HTML to this parser.
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  preserveOrder: true,
  trimValues: false,
  parseTagValue: false,
  processEntities: true,
  htmlEntities: true,
});

/** An element: its children under its name, its attributes under `:@`; or a text under `#text`. */
type XmlNode = Readonly<Record<string, unknown>>;
const isList = (value: unknown): value is XmlNode[] => Array.isArray(value);
const childrenOf = (nodes: readonly XmlNode[], name: string): XmlNode[] => nodes.flatMap((node) => (isList(node[name]) ? node[name] : []));
const attribute = (node: XmlNode, name: string): string => String((node[':@'] as XmlNode | undefined)?.[name] ?? '');

// Markup within a word; other elements end one.
const inline = new Set(['b', 'i', 'u', 'em', 'strong', 'sub', 'sup', 'span', 'font', 'a']);

// A report is a few kilobytes; a larger member is not one.
const maxReportBytes = 1 << 20;

/** All text of elements, inside other elements too. */
function textOf(nodes: readonly XmlNode[]): string {
  const texts = nodes.flatMap((node) =>
    Object.entries(node).map(([name, value]) => {
      const gap = inline.has(name.toLowerCase()) ? '' : ' ';
      return isList(value) ? gap + textOf(value) + gap : name === '#text' ? String(value) : '';
    }),
  );
  return texts.join('');
}

function parseXml(xml: string, file: string): XmlNode[] {
  const sound = XMLValidator.validate(xml);
  if (sound !== true) throw new DataError(`${file}: broken XML at line ${sound.err.line} (${sound.err.msg}); restore the file`);
  try {
    return parser.parse(xml) as XmlNode[];
  } catch (error) {
    throw new DataError(`${file}: broken XML (${(error as Error).message}); restore the file`);
  }
}

/** Parses one report. Throws a DataError naming the file for XML that is broken or of another kind. */
export function parseReport(xml: string, file: string): OpeniReport {
  const root = childrenOf(parseXml(xml, file), 'eCitation');
  if (root.length === 0) throw new DataError(`${file}: has no eCitation; it is not an Open-I report`);
  const sections: Record<string, string> = {};
  for (const part of ['MedlineCitation', 'Article', 'Abstract'].reduce(childrenOf, root)) {
    if (!isList(part['AbstractText'])) continue;
    const label = sectionName(attribute(part, 'Label').replace(/:\s*$/, ''));
    // A report with two sections of a name says both.
    sections[label] = normalizeText(`${sections[label] ?? ''} ${textOf(part['AbstractText'])}`);
  }
  const images = root.flatMap((node) => (node['parentImage'] ? attribute(node, 'id') : '') || []);
  const major = childrenOf(root, 'MeSH').filter((node) => node['major']);
  const tags = major.map((node) => textOf([node]).trim()).join(';');
  return { id: basename(file).replace(/\.xml$/i, ''), findings: sections['findings'] ?? '', impression: sections['impression'] ?? '', images, tags };
}

const isXml = (name: string): boolean => /\.xml$/i.test(name);

type Take = (name: string, bytes: Buffer) => void;

/** The encoding that an XML file says it is in. */
const declaredEncoding = (bytes: Buffer): string | undefined => /^<\?xml[^>]*encoding\s*=\s*["']([\w.-]+)["']/.exec(bytes.toString('latin1', 0, 200))?.[1];

async function folderReports(folder: string, take: Take): Promise<void> {
  for (const name of (await readdir(folder)).filter(isXml).toSorted())
    // A file that is too large or cannot be read is a broken report like any other.
    take(name, await smallFile(join(folder, name), maxReportBytes).catch(() => Buffer.alloc(0)));
}

/** Hands over the archive's reports one by one; nothing is unpacked to disk, and no more than one report is in memory. */
async function archiveReports(archive: string, take: Take): Promise<void> {
  const extract = tar.extract();
  extract.on('entry', (header, stream, next) => {
    const wanted = header.type === 'file' && isXml(header.name) && (header.size ?? 0) <= maxReportBytes;
    const chunks: Buffer[] = [];
    if (wanted) stream.on('data', (chunk) => chunks.push(chunk as Buffer));
    else stream.resume();
    stream.on('end', () => {
      if (wanted) take(header.name, Buffer.concat(chunks));
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
const holdsXml = (folder: string): boolean => existsSync(folder) && statSync(folder).isDirectory() && readdirSync(folder).some(isXml);

/** Reads all reports of a folder in Open-I's layout, from XML where there is any. Broken files are counted in `drops`. */
export async function readReports(folder: string, drops: Drops): Promise<OpeniReport[]> {
  const reports: OpeniReport[] = [];
  const take = (file: string, bytes: Buffer) => {
    let isDecoded = false;
    try {
      const xml = decodeText(file, bytes, declaredEncoding(bytes));
      isDecoded = true;
      reports.push(parseReport(xml, file.split('/').at(-1)!));
    } catch {
      drops.add(isDecoded ? 'the report XML is broken' : 'the report is not in the encoding it says, or UTF-8 (name it with --encoding)');
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
