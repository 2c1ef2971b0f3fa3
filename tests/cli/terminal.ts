/** Programs on a real terminal: Python's pty makes it, types what is to be typed, and shows what was seen. */
import { CLI, runProgram, type Home, type Outcome } from './cli.ts';

/** Waits until the first text was printed since the last step, then types the second. */
export type Step = readonly [printed: string, typed: string];

const PTY = `
import json, os, pty, select, sys, time
argv, steps, seconds = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(argv[0], argv)
seen, place, deadline = b"", 0, time.monotonic() + seconds
while time.monotonic() < deadline:
    if not select.select([terminal], [], [], 0.2)[0]:
        continue
    try:
        data = os.read(terminal, 65536)
    except OSError:
        break
    if not data:
        break
    seen += data
    while steps and (found := seen.find(steps[0][0].encode(), place)) >= 0:
        place = found + len(steps[0][0].encode())
        os.write(terminal, steps.pop(0)[1].encode())
else:
    os.kill(pid, 9)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.stdout.buffer.write(seen)
sys.exit(code if code >= 0 else 1)
`;
const SECONDS = 50;

/** Runs a program on a terminal; what it printed is in \`stdout\`. */
export function onTerminal(
  home: Home,
  argv: readonly string[],
  steps: readonly Step[],
): Promise<Outcome> {
  const env = { ...process.env, HOME: home.dir, TERM: 'xterm', NO_COLOR: '1' };
  const task = JSON.stringify([argv, steps, SECONDS]);
  return runProgram('python3', ['-c', PTY, task], { cwd: home.dir, env });
}

export function bytenite(...args: string[]): string[] {
  return [process.execPath, CLI, ...args];
}
