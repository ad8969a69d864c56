/**
 * What goes wrong between the agent and its runtime, with the real client on a real socket. Whatever it is: what runs is
 * not touched, the agent says what is wrong, and afterwards everything wanted runs, once.
 *
 * To add a fault: a row in `FAULTS`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { grpcError, silence } from '../cri/server.ts';
import { type Machine, startMachine } from './machine.ts';

const FOREVER = 'while :; do sleep 0.1; done';
const GARBAGE = new Uint8Array([0xff, 0xff, 0xff, 0x01]);
const LISTS = ['ListContainers', 'ListPodSandbox'];

interface Fault {
  begin: (machine: Machine) => void | Promise<void>;
  /** What the agent says while it lasts; absent: it works on as if nothing were wrong. */
  says?: RegExp;
  end: (machine: Machine) => void | Promise<void>;
}

const usualAgain = ({ server }: Machine) => {
  server.answer = (_method, usual) => usual();
};

/** Each row of every list carries that many bytes more. */
function padding(bytes: number): (machine: Machine) => void {
  const filler = 'x'.repeat(bytes);
  return ({ server }) => {
    server.answer = async (method, usual) => {
      const message = (await usual()) as { items?: object[]; containers?: object[] };
      const padded = (row: object) => ({
        ...row,
        annotations: { ...('annotations' in row ? (row.annotations as object) : {}), filler },
      });
      if (method === 'ListPodSandbox') return { items: message.items?.map(padded) };
      return method === 'ListContainers' ? { containers: message.containers?.map(padded) } : message;
    };
  };
}

function instead(methods: readonly string[], answer: () => Promise<object>): (machine: Machine) => void {
  return ({ server }) => {
    server.answer = (method, usual) => (methods.includes(method) ? answer() : usual());
  };
}

const FAULTS: Readonly<Record<string, Fault>> = {
  'every connection is reset again and again': {
    begin: ({ wire, server }) => {
      server.answer = async (_method, usual) => {
        const message = await usual();
        wire.reset();
        return message;
      };
    },
    says: /the container runtime does not answer/,
    end: usualAgain,
  },
  'the runtime hangs with its connections open': {
    begin: ({ wire }) => wire.freeze(),
    says: /the container runtime does not answer: no answer from the runtime after 30 s/,
    end: ({ wire }) => wire.thaw(),
  },
  'the runtime hangs, is killed, and starts again': {
    begin: ({ wire }) => wire.freeze(),
    says: /the container runtime does not answer: no answer from the runtime after 30 s/,
    end: async ({ wire, world }) => {
      await wire.close();
      world.runtime.crash();
      world.runtime.recover();
      wire.thaw();
      await wire.open();
    },
  },
  'the socket takes connections and nobody serves them': {
    begin: ({ wire }) => {
      wire.freeze();
      wire.reset();
    },
    says: /the container runtime does not answer/,
    end: ({ wire }) => wire.thaw(),
  },
  'the runtime is killed: its socket goes, and another one comes': {
    begin: async ({ wire, world }) => {
      world.runtime.crash();
      await wire.close();
    },
    says: /the container runtime does not answer: .*(ENOENT|ECONNREFUSED|Connection dropped)/,
    end: async ({ wire, world }) => {
      world.runtime.recover();
      await wire.open();
    },
  },
  'bytes that are no HTTP/2 come': {
    begin: ({ wire, server }) => {
      server.answer = async (_method, usual) => {
        wire.babble(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
        return usual();
      };
    },
    says: /the container runtime does not answer/,
    end: usualAgain,
  },
  'lists cannot be decoded': {
    begin: instead(LISTS, async () => GARBAGE),
    says: /the container runtime does not answer: .*parsing/,
    end: usualAgain,
  },
  'the status of containers cannot be decoded': {
    begin: instead(['ContainerStatus'], async () => GARBAGE),
    says: /a status could not be read.*parsing/,
    end: usualAgain,
  },
  'answers are empty': {
    begin: instead(['RunPodSandbox', 'CreateContainer', 'ContainerStatus'], async () => ({})),
    says: /the runtime's answer to \w+ is empty/,
    end: usualAgain,
  },
  'every call ends with an error': {
    begin: ({ server }) => {
      server.answer = () => Promise.reject(grpcError(status.RESOURCE_EXHAUSTED, 'too many open files'));
    },
    says: /the container runtime does not answer: too many open files/,
    end: usualAgain,
  },
  'lists are never answered': {
    begin: instead(LISTS, silence),
    says: /the container runtime does not answer: no answer from the runtime after 30 s/,
    end: usualAgain,
  },
  'starts are never answered, and carried out': {
    begin: ({ server }) => {
      server.answer = async (method, usual) => {
        const message = await usual();
        return method === 'StartContainer' ? silence() : message;
      };
    },
    says: /no answer from the runtime after 120 s/,
    end: usualAgain,
  },
  'lists are of 8 MiB': { begin: padding(2 * 2 ** 20), end: usualAgain },
  'a list is beyond every limit': {
    begin: padding(24 * 2 ** 20),
    says: /the container runtime does not answer: .*larger than max/,
    end: usualAgain,
  },
  'lists are those of a while ago': {
    begin: ({ server }) => {
      const old = new Map<string, object>();
      server.answer = async (method, usual) => {
        if (!LISTS.includes(method)) return usual();
        const known = old.get(method) ?? (await usual());
        old.set(method, known);
        return known;
      };
    },
    says: /failed to reserve (container|sandbox) name/,
    end: usualAgain,
  },
  'lists are empty': {
    begin: instead(LISTS, async () => ({})),
    says: /failed to reserve sandbox name/,
    end: usualAgain,
  },
  'the stream of events ends': { begin: ({ server }) => server.endStreams(), end: () => {} },
  'the stream of events says nothing': {
    begin: ({ server }) => {
      server.tells = false;
    },
    end: ({ server }) => {
      server.tells = true;
    },
  },
};

for (const [name, fault] of Object.entries(FAULTS))
  test(`${name}: what runs is not touched, it is told, and everything comes right`, async (t) => {
    const machine = await startMachine(t);
    const { world, said, violations, write, running, until, settle } = machine;
    for (const pod of ['steady', 'ends']) write(pod, FOREVER);
    await settle();
    await until('events are followed', () => machine.server.streams === 1);
    const before = running('steady');
    assert.equal(before.length, 1);

    const from = said.length;
    await fault.begin(machine);
    write('late', FOREVER);
    const [ended = ''] = running('ends');
    const container = world.runtime.state.containers.get(ended);
    assert.ok(container);
    world.runtime.endProcess(container, 1);
    const { says } = fault;
    if (says) await until(`it says ${says}`, () => said.slice(from).some((line) => says.test(line)));
    else await settle();
    await machine.pass(5000);
    assert.deepEqual(running('steady'), before);
    await fault.end(machine);
    await settle();

    assert.deepEqual(running('steady'), before);
    assert.deepEqual([running('late').length, running('ends').length], [1, 1]);
    assert.deepEqual(violations, []);
  });
