/** The gRPC methods of `protos/`, ready to call. */
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON, type MessageTypeDefinition, type PackageDefinition } from '@grpc/proto-loader';
import descriptor from '../../protos/descriptor.json' with { type: 'json' };

export interface Services {
  runtime: ServiceDefinition;
  image: ServiceDefinition;
  containerdEvents: ServiceDefinition;
  health: ServiceDefinition;
  /** Decodes the payload of a containerd event by its type name, e.g. `containerd.events.TaskExit`; undefined when that is not declared or the bytes are none. */
  decode(typeName: string, bytes: Uint8Array): object | undefined;
}

/** 64-bit integers are numbers: nanoseconds lose less than a microsecond, sizes nothing below 8 PiB. */
export function loadServices(): Services {
  const definitions: PackageDefinition = fromJSON(descriptor as Parameters<typeof fromJSON>[0], {
    longs: Number,
    enums: String,
    defaults: true,
  });
  const service = (name: string) => callable(definitions[name] as ServiceDefinition);
  const payloads = new Map(
    Object.entries(definitions).flatMap(([name, definition]) =>
      name.startsWith('containerd.events.') && 'deserialize' in definition
        ? [[name, (definition as MessageTypeDefinition<object, object>).deserialize] as const]
        : [],
    ),
  );
  return {
    runtime: service('runtime.v1.RuntimeService'),
    image: service('runtime.v1.ImageService'),
    containerdEvents: service('containerd.services.events.v1.Events'),
    health: service('grpc.health.v1.Health'),
    decode(typeName, bytes) {
      try {
        return payloads.get(typeName)?.(Buffer.from(bytes));
      } catch {
        return undefined;
      }
    },
  };
}

/** Without what describes the messages to reflection, which nobody asks for and is as large as all the rest. */
function callable(service: ServiceDefinition): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(service).map(([name, definition]) => {
      const { path, requestStream, responseStream, originalName } = definition;
      const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } = definition;
      const coders = { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize };
      return [name, { path, requestStream, responseStream, ...(originalName && { originalName }), ...coders }];
    }),
  );
}

/** The method called `name`, which must be declared in `protos/`. */
export function method(service: ServiceDefinition, name: string): MethodDefinition<object, unknown> {
  const definition = service[name];
  if (!definition) throw new Error(`no method ${name} in protos/: declare it and run hack/protos.ts`);
  return definition;
}
