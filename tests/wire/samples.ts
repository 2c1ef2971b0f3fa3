/** A good request for every operation that is done, each on objects of its own. */
import { putIntoCache } from '../support/cache.ts';
import { pushComponent, tarOf } from '../support/components.ts';
import type { Platform } from '../support/platform.ts';

export interface Sample {
  params?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  /** In place of the first user's API key. */
  token?: string;
  /** What the call answers; 200 unless told. */
  status?: number;
}

export type Samples = Record<string, () => Sample | Promise<Sample>>;

const APP = 'wire-app';
const ENGINE = 'wire-engine';
/** For jobs that run: no other sample switches these off. */
const RUN_APP = 'wire-run-app';
const RUN_ENGINE = 'wire-run-engine';
const TEMPLATE = 'wire-template';
const PAGE = { limit: '5', offset: '0', orderBy: '-createdAt' };

const CONFIG = {
  taskTimeout: 600,
  jobTimeout: 7200,
  isTestJob: true,
  maxTaskRetries: 2,
  allowEmpty: false,
};
const URL_SOURCE = {
  dataSourceDescriptor: 'url',
  params: {
    '@type': 'type.googleapis.com/bytenite.data_source.HttpDataSource',
    url: 'https://data.example.org/july.zip',
    name: '',
  },
};
const BYPASS = { dataSourceDescriptor: 'bypass' };
const BUCKET = { dataSourceDescriptor: 'bucket' };

/** Pushes what the samples name. */
export async function prepareSamples(platform: Platform): Promise<void> {
  await pushComponent(platform, { name: APP, type: 'app', main: 'pass' });
  await pushComponent(platform, { name: ENGINE, type: 'partitioner', main: 'pass' });
  await pushComponent(platform, { name: RUN_APP, type: 'app', main: 'pass' });
  await pushComponent(platform, { name: RUN_ENGINE, type: 'partitioner', main: 'pass' });
  await platform.call('POST', '/v1/dev/templates', { id: TEMPLATE, app: APP });
  await putIntoCache(platform, 'wire-models/tiny.bin', 'weights');
}

export function samplesOf(platform: Platform): Samples {
  let created = 0;
  const draft = async (body: object = {}): Promise<string> => {
    const reply = await platform.call<{ job: { id: string } }>('POST', '/v1/customer/jobs', {
      app: APP,
      ...body,
    });
    return reply.job.id;
  };
  /** It fails by itself, without chunks, where the abort comes too late. */
  const failed = async (): Promise<string> => {
    const id = await draft({ app: RUN_APP, partitioner: RUN_ENGINE, run: true });
    await platform.call('POST', `/v1/customer/jobs/${id}/abort`).catch(() => undefined);
    return id;
  };
  const onDraft =
    (body?: unknown, of: object = {}) =>
    async (): Promise<Sample> => ({ params: { jobId: await draft(of) }, body });
  return {
    ...authSamples(platform),
    ...devSamples(platform),
    Customer_CreateJob: () => {
      created += 1;
      return {
        body: {
          name: 'July count',
          description: 'Nightly count',
          jobId: `own-${created}`,
          app: APP,
          partitioner: ENGINE,
          assembler: 'passthrough',
          dataSource: URL_SOURCE,
          dataDestination: BUCKET,
          params: { app: { minLength: 3 }, partitioner: { linesPerChunk: 5 }, assembler: {} },
          config: CONFIG,
          priority: 'EXECUTION_PRIORITY_UNDEFINED',
          run: false,
        },
      };
    },
    Customer_ListJobs: () => ({ query: PAGE }),
    Customer_FilterJobs: () => ({
      body: {
        pagination: { limit: 5, offset: 0 },
        orderBy: '-createdAt',
        filters: [
          { field: 'state', condition: 'FILTER_CONDITION_IN', value: ['JOB_STATE_NEW'] },
          { field: 'config.isTestJob', condition: 'FILTER_CONDITION_EQ', value: true },
        ],
      },
    }),
    Customer_RunningTasks: async () => ({ body: { jobsIds: [await draft()] } }),
    Customer_ListTemplates: () => ({ query: PAGE }),
    Customer_TemplatePresets: () => ({ params: { id: TEMPLATE } }),
    Customer_TestDataSource: () => ({ body: { dataSource: BYPASS, listFiles: true } }),
    Customer_GetSchema: () => ({ params: { id: APP }, query: { version: '1.0' } }),
    Customer_JobTypeStats: () => ({}),
    Customer_StatsDetail: () => ({ params: { id: 'any' } }),
    Customer_GetJob: onDraft(),
    Customer_DeleteJob: onDraft(),
    Customer_UpdateDataSource: onDraft({ dataSource: URL_SOURCE, dataDestination: BUCKET }),
    Customer_UpdateParams: onDraft({ app: { minLength: 3 }, preset: '' }),
    Customer_RenameJob: onDraft({ name: 'Another name' }),
    Customer_UpdateConfigs: onDraft(CONFIG),
    Customer_RunJob: onDraft({ config: CONFIG }),
    Customer_RetryJob: async () => ({
      params: { jobId: await failed() },
      body: { config: { ...CONFIG, toleratedFailures: '2%' }, useLatest: true },
    }),
    Customer_ExplainJob: async () => ({ params: { jobId: await failed() }, query: { taskId: '' } }),
    Customer_AbortJob: onDraft({}),
    Customer_UploadCompleted: async () => ({
      params: { jobId: await uploaded(platform, draft) },
      body: {},
    }),
    Customer_GetResults: async () => ({ params: { jobId: await draft() }, status: 400 }),
    Customer_ListTasks: async () => ({
      params: { jobId: await draft() },
      query: { limit: '5', offset: '0', orderBy: 'chunkNumber', state: 'RUNNING', kind: 'APP' },
    }),
    Customer_GetTask: async () => ({
      params: { jobId: await draft(), taskId: '0' },
      status: 404,
    }),
    Customer_Logs: async () => ({
      body: {
        jobId: await draft(),
        taskIds: [],
        levels: ['INFO', 'ERROR'],
        services: ['APP'],
        since: '2026-02-03T09:00:00Z',
        until: '2026-02-04T09:00:00Z',
        limit: 10,
        after: '0',
      },
    }),
    Customer_Events: async () => ({
      query: { jobId: await draft(), events: 'job.updated,task.updated' },
    }),
    Customer_Info: () => ({}),
    ...walletSamples(platform),
  };
}

async function uploaded(
  platform: Platform,
  draft: (body: object) => Promise<string>,
): Promise<string> {
  const id = await draft({ dataSource: { dataSourceDescriptor: 'file' } });
  const { job } = await platform.call<{ job: { dataSource: { params: { tempUrl: string } } } }>(
    'GET',
    `/v1/customer/jobs/${id}`,
  );
  await fetch(job.dataSource.params.tempUrl, { method: 'PUT', body: 'x' });
  return id;
}

async function beginBackup(platform: Platform): Promise<string> {
  const { id } = await platform.call<{ id: string }>('POST', '/v1/auth/admin/backups', {});
  return id;
}

function walletSamples(platform: Platform): Samples {
  const coupon = (more: object = {}) => ({
    amount: 12.5,
    maxUses: 3,
    expiresAt: '2099-01-01T00:00:00Z',
    notes: 'For the start',
    ...more,
  });
  const newCoupon = async () => {
    const path = '/v1/wallet/admin/coupons';
    const reply = await platform.call<{ coupon: { id: string; code: string } }>(
      'POST',
      path,
      coupon(),
    );
    return reply.coupon;
  };
  const onSelf = (more: object) => async () => {
    const { user } = await platform.call<{ user: { id: string } }>('GET', '/v1/auth/user');
    return { params: { id: user.id }, ...more };
  };
  const filters = [
    { field: 'transactionType', condition: 'FILTER_CONDITION_IN', value: ['payment', 'topup'] },
    { field: 'amount', condition: 'FILTER_CONDITION_GT', value: 0 },
  ];
  return {
    Customer_WalletBalance: () => ({}),
    Wallet_Info: () => ({}),
    Wallet_GetAccount: () => ({}),
    Wallet_GetBalance: () => ({}),
    Wallet_ListTransactions: () => ({ query: PAGE }),
    Wallet_FilterTransactions: () => ({
      body: { pagination: { limit: 5, offset: 0 }, orderBy: '-createdAt', filters },
    }),
    Wallet_TransactionsCsv: () => ({}),
    Wallet_ExchangeRate: () => ({ query: { currency: 'USD', amount: '200' } }),
    Wallet_RedeemCoupon: async () => ({ body: { couponCode: (await newCoupon()).code } }),
    Wallet_PayoutHistory: () => ({ query: { limit: '5', offset: '0' } }),
    Wallet_ListCoupons: () => ({ query: PAGE }),
    Wallet_CreateCoupon: () => ({ body: coupon({ code: '' }) }),
    Wallet_RevokeCoupon: async () => ({ params: { id: (await newCoupon()).id }, body: {} }),
    Wallet_CreditAccount: onSelf({ body: { amount: 200, notes: 'A start' } }),
    Wallet_GetAccountBalance: onSelf({}),
    Wallet_ListAccountTransactions: onSelf({ query: PAGE }),
    Wallet_CheckLedger: () => ({}),
  };
}

function authSamples(platform: Platform): Samples {
  let unique = 0;
  const secret = (id: string) => ({
    secret: {
      id,
      secretType: 'aws',
      accessKey: 'access',
      expiresAt: '2099-01-01T00:00:00Z',
      params: { some_key: '1' },
      name: 'Media store',
    },
    secretKey: 'secret',
  });
  return {
    Auth_AccessToken: () => ({ body: { apiKey: ` ${platform.apiKey}\n` } }),
    Auth_SignOut: async () => {
      const path = '/v1/auth/access_token';
      const body = { apiKey: platform.apiKey };
      const { token } = await platform.call<{ token: string }>('POST', path, body);
      return { token, body: {} };
    },
    Auth_GetUser: () => ({}),
    Auth_UpdateUser: () => ({
      body: {
        firstName: 'Ada',
        lastName: 'L',
        contactInfo: { jobTitle: 'Engineer' },
        displayName: 'Ada L',
        userName: 'ada',
        settings: { dark_mode: 'true' },
        isOnboarded: true,
        onboardingInfo: [{ step: 'one', answer: { someKey: 1 } }],
      },
    }),
    Auth_Info: () => ({}),
    ...keySamples(platform),
    ...runnerSamples(platform),
    Auth_BeginBackup: () => ({ body: {} }),
    Auth_RenewBackup: async () => ({ params: { id: await beginBackup(platform) }, body: {} }),
    Auth_EndBackup: async () => ({ params: { id: await beginBackup(platform) } }),
    Auth_RotateMasterKey: () => ({ body: {} }),
    Auth_CreateSecret: () => ({ body: secret('wire-secret') }),
    Auth_ListSecrets: () => ({ query: { secretType: 's3' } }),
    Auth_DeleteSecret: async () => {
      const id = `wire-${unique++}`;
      await platform.call('POST', '/v1/auth/secrets', secret(id));
      return { params: { secretType: 'aws', id } };
    },
  };
}

function keySamples(platform: Platform): Samples {
  let unique = 0;
  const key = { name: 'ci', code: '402913', nonce: 'n-51c0', duration: '15552000s' };
  const user = () => ({
    userName: `wire-user-${unique++}`,
    email: 'user@example.org',
    role: 'ROLE_DEVELOPER',
    displayName: 'A user',
  });
  const newUser = async () => {
    const path = '/v1/auth/admin/users';
    return (await platform.call<{ user: { id: string } }>('POST', path, user())).user.id;
  };
  const newKey = async (path: string) =>
    (await platform.call<{ apiKey: { id: string } }>('POST', path, key)).apiKey.id;
  const onUser = (body?: unknown) => async () => ({ params: { id: await newUser() }, body });
  return {
    Auth_CreateApiKey: () => ({ body: key }),
    Auth_ListApiKeys: () => ({}),
    Auth_RevokeApiKey: async () => ({
      params: { id: await newKey('/v1/auth/api_key') },
      body: {},
    }),
    Auth_ListUsers: () => ({ query: { ...PAGE, userName: 'wire-user-0' } }),
    Auth_CreateUser: () => ({ body: user() }),
    Auth_ChangeUser: onUser({ disabled: true, role: 'ROLE_ADMIN' }),
    Auth_CreateUserApiKey: onUser(key),
    Auth_ListUserApiKeys: onUser(),
    Auth_RevokeUserApiKey: async () => {
      const id = await newUser();
      return {
        params: { id, keyId: await newKey(`/v1/auth/admin/users/${id}/api_keys`) },
        body: {},
      };
    },
  };
}

/** For calls about runners: one that registers and is gone at once, so that none takes another's tasks. */
function runnerSamples(platform: Platform): Samples {
  let unique = 0;
  const newToken = async () => {
    unique += 1;
    const path = '/v1/auth/admin/runner_tokens';
    const body = { name: `wire-farm-${unique}` };
    return platform.call<{ token: string; runnerToken: { id: string } }>('POST', path, body);
  };
  const newRunner = async () => {
    const { token, runnerToken } = await newToken();
    await registerRunner(platform, token, 'big-one');
    return { token: runnerToken.id, id: `big-one@wire-farm-${unique}` };
  };
  const gone = async () => {
    const { token, id } = await newRunner();
    await platform.call('POST', `/v1/auth/admin/runner_tokens/${token}/revoke`, {});
    return id;
  };
  return {
    Auth_ListRunners: async () => {
      await newRunner();
      return { query: { name: 'big-one' } };
    },
    Auth_DrainRunner: async () => ({
      params: { id: (await newRunner()).id },
      body: { reason: 'new disk' },
    }),
    Auth_ResumeRunner: async () => ({ params: { id: (await newRunner()).id }, body: {} }),
    Auth_RemoveRunner: async () => ({ params: { id: await gone() } }),
    Auth_ListRunnerTokens: async () => {
      await newToken();
      return {};
    },
    Auth_CreateRunnerToken: () => ({ body: { name: `wire-new-${unique++}` } }),
    Auth_RevokeRunnerToken: async () => ({
      params: { id: (await newToken()).runnerToken.id },
      body: {},
    }),
  };
}

/** As a runner's program does it; it asks for no tasks. */
async function registerRunner(platform: Platform, token: string, name: string): Promise<void> {
  const response = await fetch(`${platform.url}/v1/runner/register`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({
      name,
      incarnation: `first-${token.slice(0, 8)}`,
      host: 'big-one.example.org',
      cpus: 8,
      memoryBytes: 34_359_738_368,
      overcommit: false,
      gpus: ['NVIDIA A100-SXM4-40GB'],
      labels: { zone: 'eu-1' },
      tier: 'namespace',
      tierReason: 'auto: the strongest tier that works here',
      network: 'egress',
      version: '0.1.0',
    }),
  });
  if (!response.ok) throw new Error(`register: ${response.status} ${await response.text()}`);
}

function devSamples(platform: Platform): Samples {
  const packageOf = async (name: string, type: string) => {
    const manifest = { name, version: '1.0', type, platform_config: { container: 'c' } };
    const tar = await tarOf([
      ['manifest.json', JSON.stringify(manifest)],
      ['app/main.py', 'pass'],
    ]);
    return tar.toString('base64');
  };
  const onApp = () => ({ params: { tag: `${APP}@1.0` } });
  const onEngine = () => ({ params: { tag: `${ENGINE}@1.0` } });
  const onTemplate = () => ({ params: { id: TEMPLATE } });
  let made = 0;
  /** A component that is there to be deleted. */
  const doomed = (type: 'app' | 'partitioner') => async () => {
    made += 1;
    const name = `doomed-${made}`;
    await pushComponent(platform, { name, type, main: 'pass' });
    return { params: { tag: `${name}@1.0` } };
  };
  // There is no other account here to import from.
  const owner = { body: { owner: 'nobody' }, status: 404 };
  return {
    Developer_ListApps: () => ({ query: { ...PAGE, isPublic: 'false' } }),
    Developer_PushApp: async () => ({ body: { data: await packageOf('wire-pushed', 'app') } }),
    Developer_GetApp: onApp,
    Developer_AppStatus: onApp,
    Developer_ActivateApp: onApp,
    Developer_DeactivateApp: () => ({ params: { tag: `${APP}@1` } }),
    Developer_DownloadApp: onApp,
    Developer_ListEngines: () => ({ query: { ...PAGE, isPublic: 'false', type: 'assembler' } }),
    Developer_PushEngine: async () => ({
      body: { engineData: await packageOf('wire-pushed-engine', 'assembler') },
    }),
    Developer_GetEngine: onEngine,
    Developer_EngineStatus: onEngine,
    Developer_ActivateEngine: onEngine,
    Developer_DeactivateEngine: onEngine,
    Developer_DownloadEngine: onEngine,
    Developer_ListTemplates: () => ({ query: { ...PAGE, isPublic: 'false' } }),
    Developer_PushTemplate: () => ({
      body: {
        id: 'wire-template-2',
        description: 'Pushed',
        app: APP,
        partitioner: ENGINE,
        assembler: 'passthrough',
        dataSource: URL_SOURCE,
        dataDestination: BUCKET,
        params: { app: { minLength: 1 } },
        config: CONFIG,
      },
    }),
    Developer_GetTemplate: onTemplate,
    Developer_DeleteApp: doomed('app'),
    Developer_DeleteEngine: doomed('partitioner'),
    Developer_DeleteTemplate: async () => {
      made += 1;
      const id = `doomed-${made}`;
      await platform.call('POST', '/v1/dev/templates', { id, app: APP });
      return { params: { id } };
    },
    Developer_PublishApp: onApp,
    Developer_UnpublishApp: onApp,
    Developer_ImportApp: () => ({ ...onApp(), ...owner }),
    Developer_PublishEngine: onEngine,
    Developer_UnpublishEngine: onEngine,
    Developer_ImportEngine: () => ({ ...onEngine(), ...owner }),
    Developer_PublishTemplate: onTemplate,
    Developer_UnpublishTemplate: onTemplate,
    Developer_ImportTemplate: () => ({ ...onTemplate(), ...owner }),
    Developer_ListCache: async () => {
      await putIntoCache(platform, 'wire-models/words/en.txt', 'a');
      return { query: { path: 'wire-models', scope: 'user' } };
    },
    Developer_CacheUploadUrl: () => ({ query: { path: 'wire-models/small.bin', scope: 'user' } }),
    Developer_DeleteCache: async () => {
      await putIntoCache(platform, 'wire-old/one.bin', 'a');
      return { query: { path: 'wire-old', scope: 'user' } };
    },
    Developer_Info: () => ({}),
  };
}
