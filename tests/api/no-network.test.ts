/** A component that asks for no network: it never has one, and waits where none can be shut off. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canOrSay } from '../support/can-or-say.ts';
import { pushComponent } from '../support/components.ts';
import { startPlatform, until, waitForJob, type Platform } from '../support/platform.ts';
import { tierHere } from '../support/probe.ts';
import { createJob, JOBS, runJob, send } from './caller.ts';

const canRun = canOrSay('tasks without a network', {
  'a machine that lets namespaces be made (see bytenite doctor)': tierHere() === 'namespace',
});

const REPORTS = `import json, os, socket
port = json.loads(os.environ["APP_PARAMS"])["port"]
try: socket.create_connection(("127.0.0.1", port), 5); told = "reached"
except OSError: told = "nothing"
with open(os.path.join(os.environ["TASK_RESULTS_DIR"], "told"), "w") as f:
    f.write(told + " " + " ".join(name for _, name in socket.if_nameindex()))
`;

describe.runIf(canRun)('platform_config.network none', () => {
  let platform: Platform;
  const runnerArgs = ['--sandbox', 'process'];

  beforeAll(async () => {
    platform = await startPlatform({ runnerArgs });
    const config = { container: 'python:3.12-slim', network: 'none' };
    const manifest = { platform_config: config };
    await pushComponent(platform, { name: 'closed', type: 'app', main: REPORTS, manifest });
  });

  afterAll(() => platform.close());

  it('is kept, waited for and enforced', async () => {
    const { body } = await send(platform, 'GET', '/v1/dev/apps/closed');
    expect(body).toMatchObject({ app: { platformConfig: { network: 'none' } } });
    const id = await createJob(platform, {
      app: 'closed',
      dataSource: { dataSourceDescriptor: 'bypass' },
      params: { app: { port: Number(new URL(platform.url).port) } },
    });
    await runJob(platform, id);
    const reason = await until(20_000, 'the reason why it waits', async () => {
      const { job } = await platform.call<{ job: { waitingReason: string } }>(
        'GET',
        `${JOBS}/${id}`,
      );
      return job.waitingReason.includes('no network') ? job.waitingReason : null;
    });
    expect(reason).toMatch(/^closed@1\.0 asks for no network, and no runner can shut it off/);

    await platform.runner?.kill();
    runnerArgs[1] = 'namespace';
    await platform.startRunner();
    expect(await waitForJob(platform, id)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
    const { body: reply } = await send(platform, 'GET', `${JOBS}/${id}/results`);
    const [{ link }] = reply.results as [{ link: string }];
    expect(await (await fetch(link)).text()).toBe('nothing lo');
  });
});
