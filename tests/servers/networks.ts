/**
 * Machines without machines: network namespaces around a bridge. The hub holds the bridge, on which servers
 * listen; each host has a network of its own, with one cable to it. This test's own network has one too, to
 * call the servers.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import { until } from '../support/platform.ts';

const run = promisify(execFile);

export interface Networks {
  /** Address on the hub. */
  hub: string;
  /** Words before a program that let it run in a network: the hub's or a host's. */
  at: (name: string) => string[];
  addHost: (name: string) => Promise<void>;
  /** The power of a machine goes: nothing that runs in its network says goodbye. */
  kill: (name: string) => void;
  close: () => Promise<void>;
}

/** Each run has names of its own; an interface's name has at most 15 characters. */
export async function buildNetworks(): Promise<Networks> {
  const id = `b${process.pid}`;
  const net = 100 + (process.pid % 100);
  const address = (host: number) => `10.231.${net}.${host}`;
  const holders = new Map<string, ChildProcess>();
  const pidOf = (name: string) => String(holders.get(name)?.pid);
  const ip = (...args: string[]) => run('ip', args, { timeout: 10_000 });
  const at = (name: string) => ['nsenter', '-t', pidOf(name), '-n'];
  const inside = (name: string, ...args: string[]) =>
    run('nsenter', [...at(name).slice(1), 'ip', ...args], { timeout: 10_000 });

  /** A network lives as long as the process that holds it. */
  async function addNetwork(name: string): Promise<void> {
    const holder = spawn('unshare', ['--net', 'sleep', '3600'], { stdio: 'ignore' });
    holders.set(name, holder);
    const isApart = async () => (networkOf(String(holder.pid)) === networkOf('self') ? null : true);
    await until(10_000, `the network ${name}`, isApart);
    await inside(name, 'link', 'set', 'lo', 'up');
  }

  /** A cable from the hub's bridge to a network, or to this one. */
  async function plug(n: number, name: string | null): Promise<void> {
    const [end, port] = [`${id}e${n}`, `${id}p${n}`];
    await ip('link', 'add', end, 'type', 'veth', 'peer', 'name', port);
    await ip('link', 'set', port, 'netns', pidOf('hub'));
    await inside('hub', 'link', 'set', port, 'master', 'bridge', 'up');
    if (name !== null) await ip('link', 'set', end, 'netns', pidOf(name));
    const there = (...args: string[]) => (name === null ? ip(...args) : inside(name, ...args));
    await there('addr', 'add', `${address(n)}/24`, 'dev', end);
    await there('link', 'set', end, 'up');
  }

  const kill = (name: string) => {
    const network = networkOf(pidOf(name));
    // A holder that never came to a network of its own is in this one.
    if (network === networkOf('self')) {
      holders.get(name)?.kill('SIGKILL');
      return;
    }
    for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      if (network !== '' && networkOf(pid) === network) process.kill(Number(pid), 'SIGKILL');
    }
  };
  // With the last process of a network its cables go too.
  const close = async () => {
    for (const name of holders.keys()) kill(name);
  };
  let last = 2;
  try {
    await addNetwork('hub');
    await inside('hub', 'link', 'add', 'bridge', 'type', 'bridge');
    await inside('hub', 'addr', 'add', `${address(1)}/24`, 'dev', 'bridge');
    await inside('hub', 'link', 'set', 'bridge', 'up');
    await plug(last, null);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    hub: address(1),
    at,
    async addHost(name) {
      last += 1;
      await addNetwork(name);
      await plug(last, name);
    },
    kill,
    close,
  };
}

/** Empty for a process that has ended. */
function networkOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return '';
  }
}
