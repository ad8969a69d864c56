/**
 * Images of one tree, made by the tools people use: genisoimage 1.1.11, xorriso 1.5.4, mkfs.vfat 4.2 with mcopy.
 * A directory with 60 long names makes Rock Ridge continue its names elsewhere and FAT chain its clusters.
 */
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';

export const IMAGES = {
  'rr-joliet.iso': { label: 'cidata', names: 'long' },
  'rr.iso': { label: 'config-2', names: 'long' },
  'joliet.iso': { label: 'CIDATA', names: 'long' },
  'plain.iso': { label: 'PLAIN', names: 'short' },
  'fat12.img': { label: 'cidata', names: 'long' },
  'fat16.img': { label: 'CIDATA', names: 'long' },
  'fat32.img': { label: 'config-2', names: 'long' },
  // genisoimage -udf, and then without the ISO 9660 that it puts beside.
  'udf.img': { label: 'CIDATA', names: 'long' },
} as const;

/** What hypervisors give, each with its own files. `azure.img` is UDF alone. */
export const DISCS = ['azure.img', 'azure-bin.iso', 'ovf.iso', 'context.iso', 'rower.iso', 'dated.iso'] as const;

export type ImageName = keyof typeof IMAGES;

export const USER_DATA = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b}]}\n';

export function imageBytes(name: ImageName | (typeof DISCS)[number]): Buffer {
  return brotliDecompressSync(readFileSync(new URL(`../../fixtures/metadata/media/${name}.br`, import.meta.url)));
}
