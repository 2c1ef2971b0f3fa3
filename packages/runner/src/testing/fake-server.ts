/**
 * A small real HTTP server that speaks the runner's protocol, for tests and measurements of the runner
 * alone. It keeps everything in memory and grants tasks in the order they were added.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  decodeBundle,
  decodeMessage,
  type EndReport,
  encodeFrameLine,
  encodeMessage,
  END_FRAME,
  ExchangeRequest,
  FIRST_VERSION,
  type Grant,
  HeartbeatRequest,
  INLINE_LIMIT,
  LogLine,
  type PhaseReport,
  RunnerRegistration,
  tailSlice,
  type TaskContext,
  type TaskKind,
  type Verdict,
} from '@bytenite/contract';
import { packTar, type TarFile } from './pack-tar.ts';

export interface FakeTaskOptions {
  kind?: TaskKind;
  files?: Record<string, TarFile>;
  entrypoint?: string;
  /** data.bin of an APP task, else files by path relative to the attempt's folder. */
  input?: Uint8Array | Record<string, Uint8Array>;
  context?: Partial<TaskContext>;
  chunk?: number;
  chunkName?: string;
  attempt?: number;
}

export interface FakeTaskEnd {
  report: EndReport;
  files: Record<string, Buffer>;
}

export class FakeTask {
  readonly id = randomUUID();
  readonly lease = randomUUID();
  readonly lines: LogLine[] = [];
  readonly phases: PhaseReport[] = [];
  grantedAt: number | undefined;
  isGone = false;
  wasReleased = false;
  end: FakeTaskEnd | undefined;
  stored: Buffer | undefined;
  readonly chunk: number;
  readonly attempt: number;
  readonly chunkName: string;
  readonly input: Uint8Array | Record<string, Uint8Array>;
  readonly context: TaskContext;
  private readonly waiters: { done(): boolean; resolve(): void }[] = [];

  constructor(context: TaskContext, options: FakeTaskOptions) {
    this.context = context;
    this.chunk = options.chunk ?? 0;
    this.attempt = options.attempt ?? 1;
    this.chunkName = options.chunkName ?? '';
    this.input = options.input ?? (context.kind === 'APP' ? Buffer.from('chunk') : {});
  }

  get ref(): Grant['ref'] {
    const { kind } = this.context;
    return { job: 1, kind, run: 0, chunk: this.chunk, attempt: this.attempt };
  }

  /** What the task printed; the runner's own lines are left out. */
  get printed(): string[] {
    return this.lines.filter((line) => line.c === '').map((line) => line.m);
  }

  /** Resolves as soon as the condition holds; looked at after every message about this task. */
  until(done: () => boolean): Promise<void> {
    if (done()) return Promise.resolve();
    return new Promise((resolve) => void this.waiters.push({ done, resolve }));
  }

  async ended(): Promise<FakeTaskEnd> {
    await this.until(() => this.end !== undefined);
    return this.end as FakeTaskEnd;
  }

  notify(): void {
    for (const waiter of this.waiters) if (waiter.done()) waiter.resolve();
  }
}

export interface FakeServerOptions {
  leaseMs?: number;
  heartbeatMs?: number;
  graceMs?: number;
  /** Results are neither decoded nor kept: for measurements. */
  discardResults?: boolean;
}

const TOKEN = 'token-of-the-test-runner';

export class FakeServer {
  readonly token = TOKEN;
  readonly tasks: FakeTask[] = [];
  readonly registrations: RunnerRegistration[] = [];
  readonly exchanges: ExchangeRequest[] = [];
  heartbeats = 0;
  /** Told to runners that register from now on. */
  leaseMs: number;
  /** Every call but a registration is answered as to a runner that is not known, until one registers. */
  hasForgotten = false;
  /** Calls that were answered with `failWith`, or as to a runner that is not known. */
  refused = 0;
  /** Set to a status to fail every call with it; `hang` never answers. */
  failWith: number | 'hang' | undefined;
  /** The verdict given to ends. */
  verdict: Verdict = 'committed';
  /** Reports are taken, but the reply to the next ones is lost. */
  loseReplies = 0;
  onExchange: (request: ExchangeRequest) => void = () => undefined;
  private readonly http: Server;
  private readonly options: Required<FakeServerOptions>;
  private readonly packages = new Map<string, Buffer>();
  private readonly byLease = new Map<string, FakeTask>();
  private queue: FakeTask[] = [];
  private readonly held = new Set<() => void>();

  private constructor(options: FakeServerOptions) {
    this.options = {
      leaseMs: 30_000,
      heartbeatMs: 5000,
      graceMs: 1000,
      discardResults: false,
      ...options,
    };
    this.leaseMs = this.options.leaseMs;
    this.http = createServer((request, response) => {
      this.handle(request, response).catch((error: Error) => {
        if (response.headersSent) response.destroy();
        else response.writeHead(500).end(JSON.stringify({ code: 13, message: error.message }));
      });
    });
  }

  static async start(options: FakeServerOptions = {}): Promise<FakeServer> {
    const server = new FakeServer(options);
    await server.listen(0);
    return server;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve) => void this.http.listen(port, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.http.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.http.close(resolve));
    this.http.closeAllConnections();
    await closed;
  }

  async addContext(options: FakeTaskOptions = {}): Promise<TaskContext> {
    const files = options.files ?? { 'app/main.py': 'print("hello")\n' };
    const tar = await packTar({ 'manifest.json': '{}', ...files });
    const digest = createHash('sha256').update(tar).digest();
    this.packages.set(digest.toString('hex'), tar);
    return {
      jobId: randomUUID(),
      owner: 'owner-1',
      kind: options.kind ?? 'APP',
      component: {
        id: 'component-1',
        owner: 'owner-1',
        tag: 'test@1.0',
        hash: digest.toString('base64'),
        entrypoint: options.entrypoint ?? 'main.py',
        image: 'python:3.12-slim',
        network: 'default',
        preload: [],
        readOnlyInput: false,
      },
      params: '{}',
      caches: { user: FIRST_VERSION, shared: FIRST_VERSION, pass: '' },
      numChunks: 1,
      taskTimeoutMs: null,
      alone: false,
      cpus: 1,
      memoryBytes: 256 * 1024 * 1024,
      gpu: [],
      secrets: [],
      ...options.context,
    };
  }

  addTaskOf(context: TaskContext, options: FakeTaskOptions = {}): FakeTask {
    const task = new FakeTask(context, options);
    this.tasks.push(task);
    this.queue.push(task);
    for (const answer of this.held) answer();
    return task;
  }

  async addTask(options: FakeTaskOptions = {}): Promise<FakeTask> {
    return this.addTaskOf(await this.addContext(options), options);
  }

  /** Shorthand: a Python app of one file. */
  addPython(source: string, options: FakeTaskOptions = {}): Promise<FakeTask> {
    return this.addTask({ ...options, files: { 'app/main.py': source, ...options.files } });
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.failWith === 'hang') return;
    if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      return answerJson(response, 401, { code: 16, message: 'bad token' });
    }
    if (this.failWith !== undefined) {
      this.refused++;
      return answerJson(response, this.failWith, { code: 14, message: 'asked to fail' });
    }
    const path = (request.url ?? '').replace('/v1/runner/', '');
    const [first = '', second = '', third = ''] = path.split('/');
    if (first === 'register') {
      this.hasForgotten = false;
      return this.register(await readBody(request), response);
    }
    if (this.hasForgotten) {
      this.refused++;
      return answerJson(response, 401, { code: 16, message: 'no such runner' });
    }
    if (first === 'exchange') return this.exchange(await readBody(request), response);
    if (first === 'heartbeat') return this.heartbeat(await readBody(request), response);
    if (first === 'packages') return this.sendPackage(second, response);
    const task = this.byLease.get(second);
    if (first !== 'leases' || !task || task.isGone) {
      return answerJson(response, 404, { code: 5, message: 'no such lease' });
    }
    if (third === 'input') return sendInput(task, response);
    return this.takeResult(task, request, response);
  }

  private register(body: Buffer, response: ServerResponse): void {
    this.registrations.push(RunnerRegistration.parse(JSON.parse(body.toString())));
    const { leaseMs } = this;
    const { heartbeatMs, graceMs } = this.options;
    answerJson(response, 200, {
      runnerId: 'runner-1',
      now: Date.now(),
      leaseMs,
      heartbeatMs,
      graceMs,
    });
  }

  private heartbeat(body: Buffer, response: ServerResponse): void {
    this.heartbeats++;
    const beat = HeartbeatRequest.parse(JSON.parse(body.toString()));
    this.notePhases(beat.phases);
    const kill = beat.leases.filter((lease) => this.byLease.get(lease)?.isGone ?? true);
    answerJson(response, 200, { now: Date.now(), kill });
  }

  private async exchange(body: Buffer, response: ServerResponse): Promise<void> {
    const { header, tail } = decodeMessage(body);
    const request = ExchangeRequest.parse(header);
    if (!this.options.discardResults) this.exchanges.push(request);
    this.notePhases(request.phases);
    for (const report of request.logs) this.noteLines(report, tail);
    const verdicts = request.ended.map((report) => this.noteEnd(report, tail));
    for (const lease of request.released) this.noteRelease(lease);
    this.onExchange(request);
    if (this.queue.length === 0 && request.waitMs > 0) await this.hold(request.waitMs);
    if (this.loseReplies > 0 && verdicts.length > 0) {
      this.loseReplies--;
      response.destroy();
      return;
    }
    if (response.destroyed) return;
    const granted = this.grant(request);
    const reply = { now: Date.now(), verdicts, kill: [], ...granted.header };
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    response.end(encodeMessage(reply, granted.tail));
  }

  private async hold(waitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const answer = () => {
        clearTimeout(timer);
        this.held.delete(answer);
        resolve();
      };
      const timer = setTimeout(answer, waitMs);
      this.held.add(answer);
    });
  }

  private grant(request: ExchangeRequest) {
    const contexts: TaskContext[] = [];
    const grants: Grant[] = [];
    const tail: Uint8Array[] = [];
    let offset = 0;
    let { cpus, memoryBytes } = request.free;
    let { prefetch, idle } = request;
    for (let task = this.queue[0]; task; task = this.queue[0]) {
      const { context, input } = task;
      const fits = context.cpus <= cpus && context.memoryBytes <= memoryBytes;
      if (!fits && !idle && prefetch-- <= 0) break;
      cpus -= context.cpus;
      memoryBytes -= context.memoryBytes;
      idle = false;
      this.queue.shift();
      if (!contexts.includes(context)) contexts.push(context);
      const isInline = input instanceof Uint8Array && input.length <= INLINE_LIMIT;
      if (isInline) tail.push(input);
      const { lease, ref, chunkName } = task;
      grants.push({
        lease,
        ref,
        chunkName,
        taskId: task.id,
        context: contexts.indexOf(context),
        queueSeconds: 0,
        notes: [],
        input: isInline ? { inline: { offset, length: input.length } } : { streamBytes: 1 },
      });
      if (isInline) offset += input.length;
      task.grantedAt = Date.now();
      this.byLease.set(lease, task);
      task.notify();
    }
    return { header: { contexts, grants }, tail };
  }

  private notePhases(phases: readonly PhaseReport[]): void {
    for (const report of phases) {
      const task = this.byLease.get(report.lease);
      task?.phases.push(report);
      task?.notify();
    }
  }

  private noteLines(report: ExchangeRequest['logs'][number], tail: Uint8Array): void {
    const task = this.byLease.get(report.lease);
    if (!task || this.options.discardResults) return;
    const text = Buffer.from(tailSlice(tail, report)).toString();
    for (const line of text.split('\n')) {
      if (line !== '') task.lines.push(LogLine.parse(JSON.parse(line)));
    }
    task.notify();
  }

  private noteEnd(report: EndReport, tail: Uint8Array): { lease: string; verdict: Verdict } {
    const task = this.byLease.get(report.lease);
    if (task && !task.end) {
      task.end = {
        report,
        files: this.options.discardResults ? {} : readFiles(task, report, tail),
      };
      task.notify();
    }
    return { lease: report.lease, verdict: task?.isGone ? 'ended' : this.verdict };
  }

  private noteRelease(lease: string): void {
    const task = this.byLease.get(lease);
    if (!task) return;
    task.wasReleased = true;
    task.notify();
  }

  private sendPackage(hex: string, response: ServerResponse): void {
    const tar = this.packages.get(hex);
    if (tar) response.writeHead(200, { 'content-type': 'application/x-tar' }).end(tar);
    else answerJson(response, 404, { code: 5, message: 'no such package' });
  }

  private async takeResult(
    task: FakeTask,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const body = await readBody(request);
    task.stored = body;
    const sha256 = createHash('sha256').update(body).digest('base64url');
    answerJson(response, 200, { key: `results/${task.lease}`, size: body.length, sha256 });
  }
}

function readFiles(task: FakeTask, { outcome }: EndReport, tail: Uint8Array): FakeTaskEnd['files'] {
  if (!outcome.ok) return {};
  const { result } = outcome;
  const bundle = 'inline' in result ? Buffer.from(tailSlice(tail, result.inline)) : task.stored;
  if (!bundle) throw new Error('the result was not put before it was reported');
  const files: FakeTaskEnd['files'] = {};
  for (const { path, offset, size, sha256 } of decodeBundle(bundle)) {
    const bytes = bundle.subarray(offset, offset + size);
    if (createHash('sha256').update(bytes).digest('base64url') !== sha256) {
      throw new Error(`the hash of ${path} is wrong`);
    }
    files[path] = bytes;
  }
  return files;
}

function sendInput(task: FakeTask, response: ServerResponse): void {
  const files = task.input instanceof Uint8Array ? { 'task/data.bin': task.input } : task.input;
  response.writeHead(200, { 'content-type': 'application/octet-stream' });
  for (const [path, bytes] of Object.entries(files)) {
    const sha256 = createHash('sha256').update(bytes).digest('base64url');
    response.write(encodeFrameLine({ path, size: bytes.length, sha256 }));
    response.write(bytes);
  }
  response.end(END_FRAME);
}

function answerJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
