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
  return {
    runtime: definitions['runtime.v1.RuntimeService'] as ServiceDefinition,
    image: definitions['runtime.v1.ImageService'] as ServiceDefinition,
    containerdEvents: definitions['containerd.services.events.v1.Events'] as ServiceDefinition,
    health: definitions['grpc.health.v1.Health'] as ServiceDefinition,
    decode(typeName, bytes) {
      const message = definitions[typeName] as MessageTypeDefinition<object, object> | undefined;
      try {
        return message?.deserialize(Buffer.from(bytes));
      } catch {
        return undefined;
      }
    },
  };
}

/** The method called `name`, which must be declared in `protos/`. */
export function method(service: ServiceDefinition, name: string): MethodDefinition<object, unknown> {
  const definition = service[name];
  if (!definition) throw new Error(`no method ${name} in protos/: declare it and run hack/protos.ts`);
  return definition;
}
