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
} as const;

export type ImageName = keyof typeof IMAGES;

export const USER_DATA = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b}]}\n';

export function imageBytes(name: ImageName): Buffer {
  return brotliDecompressSync(readFileSync(new URL(`../../fixtures/metadata/media/${name}.br`, import.meta.url)));
}
