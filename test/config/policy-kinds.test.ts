import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Kind, ValueError } from '../../src/config/kinds.ts';
import { capabilities, hostPaths, runtimeClasses, sysctlPatterns } from '../../src/config/policy-kinds.ts';

const kata = { handler: 'kata-qemu', overhead: { podFixed: { memory: '120Mi', cpu: '1' } } };

const GOOD: [kind: Kind<unknown>, value: unknown, read: unknown][] = [
  [sysctlPatterns(), ['kernel.shm*', 'net/core/somaxconn', 'net.*'], ['kernel.shm*', 'net.core.somaxconn', 'net.*']],
  [capabilities(), ['cap_net_admin', 'SYS_TIME', '*'], ['NET_ADMIN', 'SYS_TIME', '*']],
  [hostPaths(), ['/data/', '/srv/../a'], ['/data', '/a']],
  [hostPaths(), [], []],
  [runtimeClasses(), { kata: { ...kata, overhead: { podFixed: { memory: '120Mi', cpu: 1 } } } }, { kata }],
  [runtimeClasses(), { runc: { handler: 'runc' } }, { runc: { handler: 'runc' } }],
];
for (const [kind, value, read] of GOOD)
  test(`${kind.name}: ${JSON.stringify(value)}`, () => assert.deepEqual(kind.read(value, '/etc'), read));

const BAD: [kind: Kind<unknown>, value: unknown, place: string[], message: RegExp][] = [
  [sysctlPatterns(), ['vm.swappiness'], ['0'], /the sysctl "vm.swappiness" is not known to be namespaced/],
  [sysctlPatterns(), ['net.*', '*'], ['1'], /"\*" is not known to be namespaced/],
  [sysctlPatterns(), ['net.*.x'], ['0'], /^must be the name of a sysctl/],
  [capabilities(), ['NET_ADMN'], ['0'], /^no such capability: "NET_ADMN"; did you mean NET_ADMIN\?/],
  [hostPaths(), ['data'], ['0'], /^must be an absolute path, not "data"/],
  [hostPaths(), '/data', [], /^must be a list of strings/],
  [runtimeClasses(), [], [], /^must be a map of runtime classes/],
  [runtimeClasses(), { Kata: { handler: 'x' } }, ['Kata'], /^cannot be the name of a runtime class/],
  [runtimeClasses(), { kata: {} }, ['kata', 'handler'], /^must name a handler/],
  [
    runtimeClasses(),
    { kata: { handler: 'x', hander: 1 } },
    ['kata', 'hander'],
    /^unknown field; did you mean handler\?/,
  ],
  [
    runtimeClasses(),
    { kata: { handler: 'x', overhead: { podFixed: { cpu: '-1' } } } },
    ['kata', 'overhead', 'podFixed', 'cpu'],
    /^must be a quantity of zero or more/,
  ],
];
for (const [kind, value, place, message] of BAD)
  test(`${kind.name}: ${JSON.stringify(value)} is refused`, () => {
    assert.throws(
      () => kind.read(value, '/etc'),
      (error: ValueError) => {
        assert.ok(error instanceof ValueError);
        assert.match(error.message, message);
        assert.deepEqual(error.place, place);
        return true;
      },
    );
  });

test('a flag gives classes by handler alone, and may be repeated', () => {
  const kind = runtimeClasses();
  assert.deepEqual(kind.readFlag(['kata=kata-qemu', 'gvisor=runsc'], '/'), {
    kata: { handler: 'kata-qemu' },
    gvisor: { handler: 'runsc' },
  });
  assert.throws(() => kind.readFlag(['kata'], '/'), /must be NAME=HANDLER/);
  assert.equal(kind.show({ kata }), 'kata=kata-qemu');
  assert.equal(kind.show({}), '(none)');
});
