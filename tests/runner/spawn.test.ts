/** Both ways to start a task must lead to the same process. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeServer } from '../../packages/runner/src/testing/fake-server.ts';
import { startRunner, type TestRunner } from '../../packages/runner/src/testing/start-runner.ts';

/** All that a process inherits or is given; what differs from run to run is left out. */
const DESCRIBE = `import ctypes, json, os, resource, signal
death = ctypes.c_int()
ctypes.CDLL(None).prctl(2, ctypes.byref(death), 0, 0, 0)
status = dict(l.split(":\\t", 1) for l in open("/proc/self/status").read().splitlines() if ":\\t" in l)
names = ["SigBlk", "SigIgn", "SigCgt", "CapEff", "NoNewPrivs", "Umask", "Groups", "Uid", "Gid"]
limits = ["CORE", "NOFILE", "FSIZE", "NPROC", "DATA"]
print(json.dumps({
    "leads": [os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid()],
    "death": death.value,
    "status": [status[name].strip() for name in names],
    "limits": [resource.getrlimit(getattr(resource, "RLIMIT_" + name)) for name in limits],
    "cgroups": [l for l in open("/proc/self/cgroup").read().split() if "bytenite" in l],
    "fds": sorted(os.listdir("/proc/self/fd"))[:3],
    "env": sorted(os.environ),
    "cwd": os.getcwd().split("/")[-1],
}))
`;

interface Description {
  leads: boolean[];
  death: number;
}

const seen: Description[] = [];

describe.each([true, false])('with nativeSpawn %s', (nativeSpawn) => {
  let server: FakeServer;
  let runner: TestRunner;

  beforeAll(async () => {
    server = await FakeServer.start();
    runner = await startRunner(server, { nativeSpawn });
  });

  afterAll(async () => {
    await runner.stop();
    await server.close();
  });

  test('a task gets its session, limits, rights and environment', async () => {
    const task = await server.addPython(DESCRIBE);
    await task.ended();
    const text = String(task.printed[0]).replaceAll(/bytenite-[0-9a-f]+/g, 'bytenite-*');
    const description = JSON.parse(
      text.replaceAll(/(?<!\d)(6[4-9]|[7-9]\d|1\d\d)(000|750)(?!\d)/g, 'BASE'),
    ) as Description;
    expect(description).toMatchObject({ leads: [true, true], death: 9 });
    seen.push(description);
  });

  test('a program that cannot be executed is named, the next task runs', async () => {
    const entrypoint = 'run';
    const broken = await server.addTask({ files: { 'app/run': '#!/no/such\n' }, entrypoint });
    expect((await broken.ended()).report.outcome).toMatchObject({
      reason: 'INTERNAL',
      errorMessage: expect.stringMatching(/^cannot execute .*run: No such file or directory$/),
    });
    const next = await server.addPython('print("next")');
    await next.ended();
    expect(next.printed).toEqual(['next']);
  });

  test('an environment that the system refuses is reported, the next task runs', async () => {
    const refused = await server.addPython('pass', { chunkName: 'a\0b' });
    expect((await refused.ended()).report.outcome).toMatchObject({ ok: false, reason: 'INTERNAL' });
    const tooLong = await server.addPython('pass', { context: { params: 'x'.repeat(200_000) } });
    expect((await tooLong.ended()).report.outcome).toMatchObject({
      reason: 'INTERNAL',
      errorMessage: expect.stringContaining('Argument list too long'),
    });
    const next = await server.addPython('print("next")');
    await next.ended();
    expect(next.printed).toEqual(['next']);
  });
});

test('both ways give the same process', () => {
  expect(seen).toHaveLength(2);
  expect(seen[1]).toEqual(seen[0]);
});
