/**
 * OpenAPI 2 in protobuf, the only form that kubectl before 1.27 takes. Source: gnostic openapiv2/OpenAPIv2.proto,
 * protobuf.dev/programming-guides/encoding.
 */
import type { DocumentV2, Schema } from './documents.ts';

const LENGTH_DELIMITED = 2;

export function encodeDocument({ swagger, info, definitions }: DocumentV2): Buffer {
  return Buffer.concat([
    text(1, swagger),
    message(2, [text(1, info.title), text(2, info.version)]),
    message(8, []),
    message(9, named(definitions)),
  ]);
}

/** `NamedSchema`s. */
function named(schemas: Readonly<Record<string, Schema>>): Buffer[] {
  return Object.entries(schemas).map(([name, schema]) => message(1, [text(1, name), message(2, encodeSchema(schema))]));
}

function encodeSchema(schema: Schema): Buffer[] {
  const kinds = schema['x-kubernetes-group-version-kind'];
  return [
    text(1, schema.$ref),
    text(2, schema.format),
    text(4, schema.description),
    ...(schema.required ?? []).map((name) => text(19, name)),
    ...(schema.additionalProperties ? [message(21, [message(1, encodeSchema(schema.additionalProperties))])] : []),
    ...(schema.type === undefined ? [] : [message(22, [text(1, schema.type)])]),
    ...(schema.items ? [message(23, [message(1, encodeSchema(schema.items))])] : []),
    ...(schema.properties ? [message(25, named(schema.properties))] : []),
    // An extension's value is YAML; JSON is YAML.
    ...(kinds
      ? [message(31, [text(1, 'x-kubernetes-group-version-kind'), message(2, [text(2, JSON.stringify(kinds))])])]
      : []),
  ];
}

function text(field: number, value: string | undefined): Buffer {
  return value === undefined ? Buffer.alloc(0) : bytes(field, Buffer.from(value));
}

function message(field: number, parts: readonly Buffer[]): Buffer {
  return bytes(field, Buffer.concat(parts));
}

function bytes(field: number, content: Buffer): Buffer {
  return Buffer.concat([varint(field * 8 + LENGTH_DELIMITED), varint(content.length), content]);
}

function varint(value: number): Buffer {
  const octets: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) octets.push((rest % 0x80) | 0x80);
  return Buffer.from([...octets, rest]);
}
