/**
 * Two accounts: one has objects, the other, the stranger, tries every call of the contract on them. A call
 * that is done and has no entry in RULES fails this test: whoever adds one says what a stranger gets.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAccount, SHARED } from '../support/accounts.ts';
import { CACHE, cacheQuery } from '../support/cache.ts';
import { pushComponent } from '../support/components.ts';
import { startPlatform, until, waitForJob, type Platform } from '../support/platform.ts';
import { endpoints, fillPath, type Endpoint } from '../wire/endpoints.ts';
import { prepareSamples, samplesOf, type Sample, type Samples } from '../wire/samples.ts';
import { createJob, JOBS, refusal, runJob, send, type Reply } from './caller.ts';
import { openEvents } from './events.ts';

/**
 * What a stranger gets.
 * - `object`: the call names an object; a stranger gets 404 with code 5 for the very request that works for
 *   the owner.
 * - `list`: the owner's objects are not among what a stranger is shown.
 * - `admin`: only administrators may call it at all.
 * - `own`: it names nothing that could be another account's; the reason says why, or which test below
 *   looks at it.
 */
type Rule = 'object' | 'list' | 'admin' | { own: string };

const OPEN: Rule = { own: 'the same for everybody' };
const EMPTY: Rule = { own: 'always empty' };
const OWN_USER: Rule = { own: 'reaches the caller alone' };
const OWN_NAMES: Rule = {
  own: 'each account has names of its own; see "the same names in two accounts"',
};

const PUBLIC: Rule = {
  own: 'takes what its owner published; see engine/components/sharing.test.ts',
};

const RULES: Record<string, Rule> = {
  Auth_AccessToken: { own: 'whoever holds the key is its account' },
  Auth_SignOut: OWN_USER,
  Auth_GetUser: OWN_USER,
  Auth_UpdateUser: OWN_USER,
  Auth_Info: OPEN,
  Auth_CreateApiKey: OWN_USER,
  Auth_ListApiKeys: 'list',
  Auth_RevokeApiKey: 'object',
  Auth_ListSecrets: 'list',
  Auth_CreateSecret: OWN_NAMES,
  Auth_DeleteSecret: 'object',
  Auth_RotateMasterKey: 'admin',
  Auth_BeginBackup: 'admin',
  Auth_RenewBackup: 'admin',
  Auth_EndBackup: 'admin',
  Auth_ListUsers: 'admin',
  Auth_CreateUser: 'admin',
  Auth_ChangeUser: 'admin',
  Auth_CreateUserApiKey: 'admin',
  Auth_ListUserApiKeys: 'admin',
  Auth_RevokeUserApiKey: 'admin',
  Auth_ListRunners: 'admin',
  Auth_DrainRunner: 'admin',
  Auth_ResumeRunner: 'admin',
  Auth_RemoveRunner: 'admin',
  Auth_ListRunnerTokens: 'admin',
  Auth_CreateRunnerToken: 'admin',
  Auth_RevokeRunnerToken: 'admin',

  Customer_CreateJob: { own: 'see "a job made by a stranger"' },
  Customer_ListJobs: 'list',
  Customer_FilterJobs: 'list',
  Customer_RunningTasks: 'object',
  Customer_ListTemplates: 'list',
  Customer_TemplatePresets: 'object',
  Customer_TestDataSource: { own: 'reads no object' },
  Customer_GetSchema: 'object',
  Customer_JobTypeStats: OPEN,
  Customer_StatsDetail: EMPTY,
  Customer_GetJob: 'object',
  Customer_DeleteJob: 'object',
  Customer_UpdateDataSource: 'object',
  Customer_UpdateParams: 'object',
  Customer_RenameJob: 'object',
  Customer_UpdateConfigs: 'object',
  Customer_RunJob: 'object',
  Customer_RetryJob: 'object',
  Customer_ExplainJob: 'object',
  Customer_AbortJob: 'object',
  Customer_UploadCompleted: 'object',
  Customer_GetResults: 'object',
  Customer_ListTasks: 'object',
  Customer_GetTask: 'object',
  Customer_Logs: 'object',
  Customer_Events: { own: 'a stream; see "events"' },
  Customer_Info: OPEN,

  Developer_ListApps: 'list',
  Developer_PushApp: OWN_NAMES,
  Developer_GetApp: 'object',
  Developer_AppStatus: 'object',
  Developer_ActivateApp: 'object',
  Developer_DeactivateApp: 'object',
  Developer_DownloadApp: 'object',
  Developer_ListEngines: 'list',
  Developer_PushEngine: OWN_NAMES,
  Developer_GetEngine: 'object',
  Developer_EngineStatus: 'object',
  Developer_ActivateEngine: 'object',
  Developer_DeactivateEngine: 'object',
  Developer_DownloadEngine: 'object',
  Developer_ListTemplates: 'list',
  Developer_PushTemplate: OWN_NAMES,
  Developer_GetTemplate: 'object',
  Developer_Info: OPEN,
  Developer_DeleteApp: 'object',
  Developer_PublishApp: 'object',
  Developer_UnpublishApp: 'object',
  Developer_ImportApp: PUBLIC,
  Developer_DeleteEngine: 'object',
  Developer_PublishEngine: 'object',
  Developer_UnpublishEngine: 'object',
  Developer_ImportEngine: PUBLIC,
  Developer_DeleteTemplate: 'object',
  Developer_PublishTemplate: 'object',
  Developer_UnpublishTemplate: 'object',
  Developer_ImportTemplate: PUBLIC,
  Developer_ListCache: 'list',
  Developer_CacheUploadUrl: OWN_NAMES,
  Developer_DeleteCache: OWN_NAMES,

  Customer_WalletBalance: OWN_USER,
  Wallet_Info: OPEN,
  Wallet_GetAccount: OWN_USER,
  Wallet_GetBalance: OWN_USER,
  Wallet_ListTransactions: 'list',
  Wallet_FilterTransactions: 'list',
  Wallet_TransactionsCsv: { own: 'see "each account sees its own transactions" in wallet.test.ts' },
  Wallet_ExchangeRate: OPEN,
  Wallet_RedeemCoupon: { own: 'whoever has the code redeems it, for the caller alone' },
  Wallet_PayoutHistory: EMPTY,
  Wallet_ListCoupons: 'admin',
  Wallet_CreateCoupon: 'admin',
  Wallet_RevokeCoupon: 'admin',
  Wallet_CreditAccount: 'admin',
  Wallet_GetAccountBalance: 'admin',
  Wallet_ListAccountTransactions: 'admin',
  Wallet_CheckLedger: 'admin',
};

const DONE = endpoints().filter(({ route }) => route.done);
const name = ({ method, path, id }: Endpoint) => `${method} ${path} (${id})`;
const ruled = (rule: Rule) =>
  DONE.filter(({ id }) => RULES[id] === rule).map((endpoint) => ({
    name: name(endpoint),
    endpoint,
  }));

test('every call that is done has a rule, and no other has', () => {
  const done = [...new Set(DONE.map(({ id }) => id))];
  expect(Object.keys(RULES).toSorted()).toEqual(done.toSorted());
});

test('a call that names an object in its path has a rule for objects', () => {
  const named = DONE.filter(({ path }) => path.includes('{')).map(({ id }) => id);
  const rules = new Set<Rule | undefined>(['object', 'admin', PUBLIC, EMPTY]);
  expect(named.filter((id) => !rules.has(RULES[id]))).toEqual([]);
});

let first: Platform;

beforeAll(async () => {
  first = await startPlatform(SHARED);
});

afterAll(() => first.close());

/** Who owns, and who tries: no role opens another account's objects. */
const PAIRS = [
  { who: "a user at the administrator's objects", owner: null, stranger: 'ROLE_USER' },
  { who: "an administrator at a user's objects", owner: 'ROLE_USER', stranger: 'ROLE_ADMIN' },
];

describe.each(PAIRS)('$who', ({ owner: ownerRole, stranger: strangerRole }) => {
  let owner: Platform;
  let stranger: Platform;
  let samples: Samples;
  let ended: string;

  beforeAll(async () => {
    const suffix = strangerRole.toLowerCase();
    owner = ownerRole === null ? first : await createAccount(first, `owner-${suffix}`, ownerRole);
    stranger = await createAccount(first, `stranger-${suffix}`, strangerRole);
    await prepareSamples(owner);
    await owner.call('POST', '/v1/auth/secrets', secretOf('mine'));
    ended = await endedJob(owner);
    samples = { ...samplesOf(owner), ...(await samplesOnEnded(owner, ended)) };
  });

  async function sampleOf({ id }: Endpoint): Promise<Sample> {
    const make = samples[id];
    if (make === undefined) throw new Error(`${id} has no sample`);
    return make();
  }

  /** The owner's objects as the owner sees them; of the jobs, one whole and of the others what stays. */
  async function belongings(jobId = ended): Promise<object> {
    const paths = [
      `${JOBS}/${jobId}`,
      `${JOBS}/${ended}/tasks`,
      '/v1/auth/secrets',
      '/v1/dev/apps',
      '/v1/dev/engines',
      '/v1/dev/templates',
      `${CACHE}?path=wire-models`,
    ];
    const replies = await Promise.all(paths.map((path) => send(owner, 'GET', path)));
    const { jobs, keys } = await namesOf(owner);
    return {
      jobs,
      keys,
      // A link carries the time at which it ends.
      replies: replies.map(({ text }) => text.replaceAll(/sig=[^"&]*/g, '')),
    };
  }

  test.each(ruled('object'))('$name', async ({ endpoint }) => {
    const sample = await sampleOf(endpoint);
    const jobId = sample.params?.['jobId'];
    const before = await belongings(jobId);
    const reply = await sendSample(stranger, endpoint, sample);
    expect(reply).toMatchObject({ status: 404, body: { code: 5 } });
    expect(reply.text).toMatch(
      /"message":"(job|task|app|engine|template|secret|api key) not found/,
    );
    expect(await belongings(jobId)).toEqual(before);
    // The same request is a good one where it is the owner's.
    expect(await sendSample(owner, endpoint, sample)).toMatchObject({
      status: sample.status ?? 200,
    });
  });

  test.each(ruled('list'))('$name', async ({ endpoint }) => {
    const marks = await marksOf(owner);
    const shown = (text: string) => marks.filter((mark) => text.includes(mark));
    const own = await sendSample(owner, endpoint, {});
    expect(own.status).toBe(200);
    expect(shown(own.text)).not.toEqual([]);
    for (const query of [{}, { limit: '1000' }, { isPublic: 'true' }]) {
      const reply = await sendSample(stranger, endpoint, {
        query,
      });
      expect(reply.status).toBe(200);
      expect(shown(reply.text)).toEqual([]);
    }
  });

  // Another administrator may do the same.
  const forbidden = strangerRole === 'ROLE_ADMIN' ? [] : ruled('admin');
  test.each(forbidden)('$name', async ({ endpoint }) => {
    const sample = await sampleOf(endpoint);
    const reply = await sendSample(stranger, endpoint, sample);
    expect(reply).toMatchObject({ status: 403, body: { code: 7 } });
    expect(await sendSample(owner, endpoint, sample)).toMatchObject({ status: 200 });
  });

  test('a job made by a stranger uses nothing of the owner', async () => {
    const create = (body: unknown) => refusal(stranger, 'POST', JOBS, body);
    await ownApp(stranger);
    expect(await create({ templateId: 'wire-template' })).toBe('404/5 template not found');
    // A draft may name what is not there yet; it is looked for when the job is run.
    for (const tags of [
      { app: 'wire-app' },
      { app: 'strange-app', partitioner: 'wire-engine' },
      { app: 'strange-app', assembler: 'wire-engine' },
    ]) {
      const id = await createJob(stranger, tags);
      expect(await refusal(stranger, 'POST', `${JOBS}/${id}/run`)).toMatch(
        /^400\/9 no active (app|partitioner|assembler) matches wire-/,
      );
    }
    expect(await create({ app: 'strange-app', jobId: ended })).toMatch(/^409\/6 /);
    const draft = await createJob(owner, { app: 'wire-app' });
    expect(await create({ app: 'strange-app', jobId: draft })).toMatch(/^409\/6 /);
  });

  test('a private component is neither imported nor opened by its id', async () => {
    const { app } = await owner.call<{ app: { id: string; owner: string } }>(
      'GET',
      '/v1/dev/apps/writer',
    );
    for (const name of ['writer', 'writer@1.0', app.id]) {
      const path = `/v1/dev/apps/${encodeURIComponent(name)}`;
      for (const body of [{}, { owner: app.owner }]) {
        expect(await refusal(stranger, 'POST', `${path}/import`, body)).toMatch(/^404\/5 /);
      }
      expect(await refusal(stranger, 'GET', path)).toBe('404/5 app not found');
      expect(await refusal(stranger, 'GET', `${path}/download`)).toBe('404/5 app not found');
    }
  });

  test('a component of a stranger is given no secret of the owner', async () => {
    const manifest = { platform_config: { container: 'c', secrets: 'mine' } };
    await pushComponent(stranger, { name: 'thief', type: 'app', main: 'pass', manifest });
    const id = await createJob(stranger, { app: 'thief' });
    expect(await refusal(stranger, 'POST', `${JOBS}/${id}/run`)).toBe(
      '400/9 secret not found: mine',
    );
  });

  test('the same names in two accounts are two things', async () => {
    const before = await belongings();
    await prepareSamples(stranger);
    await stranger.call('POST', '/v1/auth/secrets', secretOf('mine', 'AKIATHEIRS'));
    await stranger.call('POST', '/v1/dev/apps/wire-app/deactivate', {});
    await stranger.call('DELETE', '/v1/auth/secrets/aws/mine');
    await stranger.call('DELETE', CACHE + cacheQuery('wire-models'));
    expect(await belongings()).toEqual(before);
  });

  test('events of the owner reach nobody else, neither live nor replayed', async () => {
    await ownApp(stranger);
    const refused = await openEvents(stranger, `?jobId=${ended}`);
    expect(await refused.ended()).toMatchObject({ error: { code: 5 } });
    await refused.close();
    const watching = await openEvents(owner, '');
    const theirs = await createJob(owner, { app: 'wire-app' });
    const [seen] = await watching.until(({ data }) => data['jobId'] === theirs);
    await watching.close();
    for (const query of ['', `?lastEventId=${Number(seen?.id) - 1}`]) {
      const events = await openEvents(stranger, query);
      const { body } = await send(owner, 'PATCH', `${JOBS}/${theirs}/jobname`, '"renamed"');
      expect(body).toMatchObject({ job: { name: 'renamed' } });
      const own = await createJob(stranger, { app: 'strange-app' });
      const all = await events.until(({ data }) => data['jobId'] === own);
      expect(all.filter(({ data }) => data['jobId'] === theirs)).toEqual([]);
      await events.close();
    }
  });
});

function sendSample(as: Platform, { method, path }: Endpoint, sample: Sample): Promise<Reply> {
  const query = new URLSearchParams(sample.query ?? {});
  const url = fillPath(path, sample.params ?? {}) + (query.size > 0 ? `?${query.toString()}` : '');
  const body = sample.body === undefined ? undefined : JSON.stringify(sample.body);
  return send(as, method, url, method === 'GET' ? undefined : body);
}

interface Names {
  jobs: { id: string; name: string }[];
  keys: { id: string; revoked: boolean }[];
}

async function namesOf(owner: Platform): Promise<Names> {
  const jobs = await owner.call<{ data: Names['jobs'] }>('GET', `${JOBS}?limit=1000`);
  const keys = await owner.call<{ apiKeys: Names['keys'] }>('GET', '/v1/auth/api_keys');
  return {
    jobs: jobs.data.map(({ id, name }) => ({ id, name })),
    keys: keys.apiKeys.map(({ id, revoked }) => ({ id, revoked })),
  };
}

/** Ids and names that belong to an account and that nobody else may read. */
async function marksOf(owner: Platform): Promise<string[]> {
  const { jobs, keys } = await namesOf(owner);
  const ids = [...jobs, ...keys].map(({ id }) => id);
  return [...ids, 'wire-app', 'wire-engine', 'wire-template', 'wire-models', '"mine"'];
}

function secretOf(id: string, accessKey = 'AKIAOWNERS'): object {
  return { secret: { id, secretType: 'aws', accessKey }, secretKey: 'k' };
}

async function ownApp(platform: Platform): Promise<void> {
  await pushComponent(platform, { name: 'strange-app', type: 'app', main: 'pass' });
}

const WRITER = `import os
print("a line")
open(os.path.join(os.environ["TASK_RESULTS_DIR"], "out.txt"), "w").write("x")
`;

/** A job with tasks, lines and results. */
async function endedJob(owner: Platform): Promise<string> {
  await pushComponent(owner, { name: 'writer', type: 'app', main: WRITER });
  const id = await createJob(owner, { app: 'writer' });
  await runJob(owner, id);
  expect(await waitForJob(owner, id)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
  return id;
}

/** For the calls that show what a job did, in place of samples on drafts. */
async function samplesOnEnded(owner: Platform, jobId: string): Promise<Samples> {
  const tasks = await until(10_000, 'a task', async () => {
    const { data } = await owner.call<{ data: { id: string }[] }>('GET', `${JOBS}/${jobId}/tasks`);
    return data.length > 0 ? data : null;
  });
  const onJob = () => ({ params: { jobId } });
  return {
    Customer_GetResults: onJob,
    Customer_ListTasks: onJob,
    Customer_ExplainJob: onJob,
    Customer_GetTask: () => ({ params: { jobId, taskId: tasks[0]?.id ?? '' } }),
    Customer_Logs: () => ({ body: { jobId } }),
  };
}
