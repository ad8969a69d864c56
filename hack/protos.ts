/**
 * Compiles `protos/*.proto` to `protos/descriptor.json`, which the agent loads (parsing .proto text at start costs
 * memory and time). Run it after every change of a .proto file:
 *
 *     node hack/protos.ts
 *
 * Field names are camel-cased here and nowhere else: protobuf silently drops a field whose name it does not know.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

interface Protobuf {
  Root: new () => { loadSync(files: string[], options: { keepCase: boolean }): { resolveAll(): { toJSON(): object } } };
}

export const protosDir = join(import.meta.dirname, '..', 'protos');
export const descriptorFile = join(protosDir, 'descriptor.json');

/** The text of `descriptor.json` for the .proto files as they are now. */
export function compileProtos(): string {
  // The very protobufjs that proto-loader reads the descriptor with.
  const protobuf = createRequire(createRequire(import.meta.url).resolve('@grpc/proto-loader'))(
    'protobufjs',
  ) as Protobuf;
  const files = readdirSync(protosDir)
    .filter((name) => name.endsWith('.proto'))
    .sort()
    .map((name) => join(protosDir, name));
  const root = new protobuf.Root().loadSync(files, { keepCase: false }).resolveAll();
  return `${JSON.stringify(root.toJSON())}\n`;
}

if (import.meta.main) writeFileSync(descriptorFile, compileProtos());
